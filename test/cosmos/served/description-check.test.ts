import { expect } from 'chai';
import { checkDescription } from '../../../src/cosmos/served/description-check.js';
import { loadEmbodiment } from '../../../src/cosmos/served/embodiment.js';
import type { ServerDescription } from '../../../src/cosmos/served/policy-client.js';

const map = loadEmbodiment('config/policies/kserve_super.yaml');
/** A server that fits the map. */
const server: ServerDescription = {
  images: ['image'],
  states: ['arm', 'hand'],
  texts: ['instruction'],
  actions: ['action'],
  shapes: new Map([
    ['image', [1, 240, 320, 3]],
    ['arm', [7]],
    ['hand', [-1]],
    ['instruction', []],
    ['action', [10, 7]],
  ]),
  metadata: new Map(),
};

const check = (change: Partial<ServerDescription>) => () => checkDescription(map, { ...server, ...change });
const shaped = (name: string, shape: number[]) => check({ shapes: new Map([...server.shapes!, [name, shape]]) });

describe('what a policy server says of itself', () => {
  it('fits the map, or is unknown', () => {
    check({})();
    checkDescription(map, { metadata: new Map() });
  });

  it('lacks what the map names', () => {
    expect(check({ images: ['left_image'] })).to.throw('the server knows no image image; it knows left_image');
    expect(check({ states: ['arm'] })).to.throw('knows no state hand; it knows arm');
    expect(check({ texts: [] })).to.throw('knows no instruction instruction; it knows none');
    expect(check({ actions: ['actions'] })).to.throw('knows no action action; it knows actions');
  });

  it('is of another shape than the map', () => {
    expect(shaped('image', [1, 224, 224, 3])).to.throw('has image image as 1×224×224×3; the map, as 1×240×320×3');
    expect(shaped('arm', [14])).to.throw('has state arm as 14; the map, as 7');
    expect(shaped('action', [-1, 6])).to.throw('has action action as ?×6; the map, as rows of at least 7');
    shaped('action', [-1, 32])();
  });
});
