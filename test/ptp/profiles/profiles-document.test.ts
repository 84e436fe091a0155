import { describe, expect, it } from 'vitest';
import { profilesDocument } from './profiles-document.js';

describe('docs/profiles.md', () => {
  it('shows the profiles as they are', async () => {
    await expect(profilesDocument()).toMatchFileSnapshot('../../../docs/profiles.md');
  });
});
