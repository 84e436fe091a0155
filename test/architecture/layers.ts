/**
 * Who may import whom. The longest folder that fits a file is its layer; what is not listed is
 * forbidden. ARCHITECTURE.md shows the same table, and a test holds the two together.
 */
export interface Layer {
  /** A folder, or one file without its extension. */
  readonly path: string;
  readonly holds: string;
  /** Layers it may import beside itself: folders, or single files without extension. */
  readonly mayImport: readonly string[];
  /** Node's modules are allowed. Pure layers have neither these nor packages. */
  readonly node: boolean;
  /** npm packages that it may import. */
  readonly packages: readonly string[];
}

const units = 'control-plane/units';
const wire = 'control-plane/wire';
const servo = 'control-plane/servo';
const statistics = 'control-plane/statistics';
const ptp = 'control-plane/ptp';
const p4rt = 'control-plane/p4rt';
const dataplane = 'control-plane/dataplane';
const runtime = 'control-plane/runtime';
const compiler = 'dataplane-native/compiler';
const binding = 'dataplane-native/binding';
const server = 'dataplane-native/server';
const protos = 'protos/gen';
const topologies = 'lab/topologies';
const sim = 'lab/sim';
const measure = 'lab/measure';
const instrument = 'lab/instrument';

export const LAYERS: readonly Layer[] = [
  {
    path: units,
    holds: 'time and identity units as opaque types',
    mayImport: [],
    node: false,
    packages: [],
  },
  {
    path: wire,
    holds: 'PTP messages and their encapsulation: bytes ⇄ values',
    mayImport: [units],
    node: false,
    packages: [],
  },
  {
    path: servo,
    holds: 'servo and filters behind one interface',
    mayImport: [units, statistics],
    node: false,
    packages: [],
  },
  {
    path: statistics,
    holds: 'figures of samples; of a stream, in bounded memory, how well a clock keeps time',
    mayImport: [],
    node: false,
    packages: [],
  },
  {
    path: ptp,
    holds: 'the protocol: inputs in, effects out',
    mayImport: [units, wire, servo],
    node: false,
    packages: [],
  },
  {
    path: p4rt,
    holds: 'P4Runtime client side: bytestrings, P4Info, entities, session',
    mayImport: [units, protos],
    node: false,
    packages: ['@bufbuild/protobuf', '@grpc/grpc-js'],
  },
  {
    path: dataplane,
    holds: 'binds the protocol to tables, packet-in and packet-out',
    mayImport: [units, ptp, p4rt],
    node: false,
    packages: [],
  },
  {
    path: runtime,
    holds: 'timers, sockets, gRPC, files, signals',
    mayImport: [units, wire, servo, ptp, p4rt, dataplane, statistics, protos],
    node: true,
    packages: ['@bufbuild/protobuf', 'koffi', 'pino', 'prom-client', 'yaml', 'zod'],
  },
  {
    path: 'control-plane/cli',
    holds: 'the commands',
    mayImport: [units, runtime, server, 'lab', 'lab/load', measure, instrument, topologies],
    node: true,
    packages: ['cli-table3', 'commander', 'picocolors', 'pino'],
  },
  {
    path: compiler,
    holds: 'bmv2 JSON → C, a pure function',
    mayImport: [],
    node: false,
    packages: [],
  },
  {
    path: binding,
    holds: 'the C engine as TypeScript sees it; the C compiler’s driver',
    mayImport: [],
    node: true,
    packages: ['koffi'],
  },
  {
    path: server,
    holds: 'the P4Runtime server over the engine',
    mayImport: [
      compiler,
      binding,
      protos,
      'control-plane/p4rt/service',
      'control-plane/p4rt/bytestring',
    ],
    node: true,
    packages: ['@bufbuild/protobuf', '@grpc/grpc-js', 'prom-client'],
  },
  {
    path: protos,
    holds: 'generated types of the P4Runtime protos',
    mayImport: [],
    node: false,
    packages: ['@bufbuild/protobuf'],
  },
  {
    path: 'lab',
    holds: 'topologies, experiments',
    mayImport: [units, wire, servo, statistics, ptp, runtime, topologies, sim, measure],
    node: true,
    packages: ['cli-table3', 'd3-scale', 'd3-shape', 'picocolors', 'yaml', 'zod'],
  },
  {
    path: topologies,
    holds: 'networks of clocks as data',
    mayImport: [units],
    node: false,
    packages: ['yaml', 'zod'],
  },
  {
    path: sim,
    holds: 'a world in which clocks, links and faults are simulated',
    mayImport: [units, wire, servo, ptp, topologies],
    node: false,
    packages: [],
  },
  {
    path: measure,
    holds: 'metrics, masks, logs and captures: values in, values out',
    mayImport: [units, wire, statistics],
    node: false,
    packages: [],
  },
  {
    path: instrument,
    holds: '`timeplane measure`: files in, reports out',
    mayImport: [units, measure, 'lab'],
    node: true,
    packages: ['cli-table3', 'hyparquet-writer', 'picocolors'],
  },
  {
    path: 'lab/bench',
    holds: 'the dataplane against hand-written loops',
    mayImport: ['lab', topologies, sim, statistics, measure, compiler, binding, server],
    node: true,
    packages: ['cli-table3', 'picocolors', 'zod'],
  },
  {
    path: 'lab/bench/writes',
    holds: 'a controller that fills tables through gRPC',
    mayImport: [
      'lab',
      'lab/bench',
      'lab/load/process-usage',
      statistics,
      protos,
      'control-plane/p4rt/service',
      'control-plane/p4rt/bytestring',
    ],
    node: true,
    packages: ['@bufbuild/protobuf', '@grpc/grpc-js'],
  },
  {
    path: 'lab/bench/benchmarks',
    holds: 'all contests',
    mayImport: ['lab', 'lab/bench', 'lab/bench/writes', 'lab/load'],
    node: true,
    packages: [],
  },
  {
    path: 'lab/bench/main',
    holds: '`npm run bench`',
    mayImport: ['lab', 'lab/bench', 'lab/bench/benchmarks'],
    node: true,
    packages: ['cli-table3', 'picocolors'],
  },
  {
    path: 'lab/load',
    holds: 'crowds of clients and storms',
    mayImport: [units, statistics, 'lab', 'lab/bench'],
    node: true,
    packages: ['cli-table3', 'picocolors', 'yaml', 'zod'],
  },
];
