import { expect } from 'chai';
import { collisionOf, gripperPosition, pixelDifference } from '../../src/cosmos/course-comparison.js';
import { type Course, framesAt } from '../../src/cosmos/world-generator.js';
import type { ForeseenFrame, WorldObject } from '../../src/cosmos/world-model.js';

const anchor = Float64Array.of(0.3, -0.2, 0.1, 0, 0, 0, 1);
const world = { quantities: [], objects: [], frames: [], success: 1, feasibility: 1 };

/** Ten waypoints along x, m in all. */
function along(x: number): Course {
  const actions = Float64Array.from({ length: 70 }, (_, i) => (i % 7 === 0 ? (x * (1 + i / 7)) / 10 : 0));
  return { arm: 'right', actions, anchor, world };
}

function object(name: string, position: [number, number, number], presence = 1): WorldObject {
  return { name, presence, visibility: 1, position, extent: [0.1, 0.1, 0.1], standardDeviation: 0.01 };
}

function frame(after: number, edit: (color: Uint8Array) => void = () => {}): ForeseenFrame {
  const color = new Uint8Array(3 * 10 * 10).fill(100);
  edit(color);
  return { after, width: 10, height: 10, color, certainty: 1 };
}

describe('courses of action side by side', () => {
  it('command the gripper relative to where it was', () => {
    const [x, y, z] = gripperPosition(along(0.2), 4);
    expect(x).to.be.closeTo(0.4, 1e-12);
    expect([y, z]).to.deep.equal([-0.2, 0.1]);
  });

  it('differ in the pixels that changed visibly in any colour', () => {
    const other = frame(0.1, (color) => {
      color[0] = 117;
      color[1] = 60;
      color[3] = 116;
      color[299] = 255;
    });
    expect(pixelDifference(frame(0.1), frame(0.1))).to.equal(0);
    expect(pixelDifference(frame(0.1), other)).to.equal(0.02);
  });

  it('collide with what lies in the way, other than what is meant and what is not there', () => {
    const ahead = object('box', [0.5, -0.2, 0.1]);
    expect(collisionOf(along(0.2), [ahead], [])).to.be.closeTo(1, 1e-3);
    expect(collisionOf(along(0), [ahead], [])).to.be.below(1e-3);
    expect(collisionOf(along(0.2), [ahead], [[0.5, -0.2, 0.11]])).to.equal(0);
    expect(collisionOf(along(0.2), [object('box', [0.5, -0.2, 0.1], 0.4)], [])).to.equal(0);
    // Its edge is where the gripper ends: inside or not is even.
    expect(collisionOf(along(0.2), [object('box', [0.55, -0.2, 0.1])], [])).to.be.closeTo(0.5, 0.01);
  });
});

describe('frames asked for', () => {
  const frames = [0.1, 0.5, 1].map((after) => frame(after));
  const times = (count: number, period: number) => framesAt(frames, count, period).map(({ after }) => after);

  it('are those that the model foresees', () => {
    expect(times(0, 0)).to.deep.equal([0.1, 0.5, 1]);
    expect(times(1, 0.1)).to.deep.equal([0.1]);
    expect(times(2, 0.5)).to.deep.equal([0.5, 1]);
  });

  it('are refused at other times', () => {
    expect(() => times(2, 0.1)).to.throw('frame 2 would show 0.2 s after the observation');
    expect(() => times(2, 1)).to.throw('the model foresees only 0.1, 0.5, 1 s');
    expect(() => times(1, 0)).to.throw('0 s; it must be above 0');
  });
});
