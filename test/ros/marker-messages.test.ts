import { expect } from 'chai';
import { objectMarkers, pathMarkers, safetyMarkers } from '../../src/ros/marker-messages.js';
import { SafetyLevel } from '../../src/safety/findings.js';

const header = { stamp: { sec: 5, nanosec: 0 }, frame_id: 'base_link' };

describe('markers', () => {
  it('draws objects as large as they are uncertain, and says what they are', () => {
    const pose = { position: { x: 0.4, y: -0.1, z: 0.2 }, orientation: { w: 1 } };
    const objects = [{ name: 'red cup', pose, position_deviation: 0.02, confidence: 0.93 }];
    const [clear, sphere, label] = objectMarkers({ header, objects }).markers!;
    expect(clear!.action).to.equal(3);
    expect(sphere).to.deep.include({ header, pose, scale: { x: 0.08, y: 0.08, z: 0.08 } });
    expect(label!.text).to.equal('red cup\n±20 mm, 93 %');
    expect(label!.pose!.position!.z).to.be.greaterThan(0.24);
  });

  it('draws the path of a chunk, its colours by the hand', () => {
    const poses = [0, 1, 2].map((x) => ({ position: { x, y: 0, z: 0 }, orientation: { w: 1 } }));
    const chunk = { header, arm: 'right', poses, gripper: Float64Array.of(0, 0.2, 1) };
    const [line, points] = pathMarkers(chunk).markers!;
    expect([line!.ns, points!.ns]).to.deep.equal(['right_path', 'right_path']);
    expect([line!.id, points!.id]).to.deep.equal([0, 1]);
    expect(line!.points).to.deep.equal(poses.map(({ position }) => position));
    expect(line!.colors![0]).to.deep.equal(line!.colors![1]);
    expect(line!.colors![2]).to.not.deep.equal(line!.colors![1]);
  });

  it('says over the head why the robot stops', () => {
    const text = (level: SafetyLevel, reasons: string[]) =>
      safetyMarkers(level, reasons, 'base_link', header.stamp).markers![0]!.text;
    expect(text(SafetyLevel.ok, [])).to.equal('ok');
    expect(text(SafetyLevel.protectiveStop, ['first', 'second'])).to.equal('PROTECTIVE STOP\nfirst');
  });
});
