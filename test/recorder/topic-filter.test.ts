import { expect } from 'chai';
import { topicFilter } from '../../src/recorder/topic-filter.js';

describe('topicFilter', () => {
  const chosen = (include: string[], exclude: string[], namespace?: string) =>
    ['/joint_states', '/ns/joint_states', '/ns/head_camera/color/image_raw', '/tf', '/tf_static'].filter(
      topicFilter(include, exclude, namespace),
    );

  it('takes what is included and not excluded', () => {
    expect(chosen(['*'], ['*/image_raw', '/tf'])).to.deep.equal(['/joint_states', '/ns/joint_states', '/tf_static']);
    expect(chosen(['/tf*'], [])).to.deep.equal(['/tf', '/tf_static']);
    expect(chosen([], [])).to.deep.equal([]);
  });

  it('takes relative names as topic names are taken', () => {
    expect(chosen(['joint_states'], [])).to.deep.equal(['/joint_states']);
    expect(chosen(['joint_states', 'head_*'], [], '/ns/')).to.deep.equal([
      '/ns/joint_states',
      '/ns/head_camera/color/image_raw',
    ]);
  });

  it('takes other characters for themselves', () => {
    expect(chosen(['/.*', '/tf?', '[a-z]*'], [])).to.deep.equal([]);
  });
});
