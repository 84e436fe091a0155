import type { Update_Type } from '#protos/p4/v1/p4runtime_pb';

/** An update's type that says what to do. */
export type WriteType = Update_Type.INSERT | Update_Type.MODIFY | Update_Type.DELETE;
