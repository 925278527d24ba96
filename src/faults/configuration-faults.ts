import { readFileSync, writeFileSync } from 'node:fs';
import type { SafetyConfig } from '../safety/safety-config.js';
import { silenceLimit } from '../safety/safety-config.js';
import { type Fault, stopsBy, TOLERATED, UndeclaredReaction } from './fault.js';

const INACTIVE = 2.5;
/** As in rcl_interfaces/msg/ParameterType. */
const STRING = 4;

/** Wrong files and values: what runs must go on with what it has, what starts must refuse. */
export function configurationFaults(config: SafetyConfig): Fault[] {
  return [
    {
      name: 'wrong model file',
      prepare: (random) => {
        const model = random.pick(['models/none', 'config', 'test/fixtures']);
        return {
          detail: `cosmos/load_model ${model}`,
          declared: TOLERATED,
          duration: 1,
          silences: false,
          disarranges: false,
          inject: async (graph) => {
            const client = graph.node.createClient('cosmos_humanoid/srv/LoadModel', 'cosmos/load_model');
            const { success } = await client.call({ path: model }, 5);
            if (success) throw new UndeclaredReaction(`cosmos_inference took ${model} for a model`);
          },
        };
      },
    },
    {
      name: 'wrong parameter value',
      prepare: () => ({
        detail: 'joint_controller seed: a string',
        declared: TOLERATED,
        duration: 0.5,
        silences: false,
        disarranges: false,
        inject: async (graph) => {
          const service = 'joint_controller/set_parameters';
          const client = graph.node.createClient('rcl_interfaces/srv/SetParameters', service);
          const parameters = [{ name: 'seed', value: { type: STRING, string_value: 'many' } }];
          const { results } = await client.call({ parameters } as unknown as Parameters<typeof client.call>[0], 5);
          if (results[0]?.successful === true)
            throw new UndeclaredReaction('joint_controller took a string for its seed');
        },
      }),
    },
    {
      name: 'wrong YAML on reload',
      prepare: (random) => {
        const wrong = random.pick([
          '/**/camera_fusion: [',
          '/**/camera_fusion:\n  ros__parameters:\n    tolerance: far\n',
        ]);
        let right = '';
        return {
          detail: 'camera_fusion is started anew with a broken parameter file',
          declared: stopsBy('node_silent', silenceLimit(config.limits, 'node', 'camera_fusion') + 1),
          duration: INACTIVE,
          silences: true,
          disarranges: false,
          arm: (graph) => {
            right = readFileSync(graph.parametersFile, 'utf8');
          },
          inject: (graph) => {
            writeFileSync(graph.parametersFile, wrong);
            const pid = graph.robot.pids.get('camera_fusion');
            if (pid !== undefined) process.kill(pid, 'SIGINT');
          },
          repair: (graph) => writeFileSync(graph.parametersFile, right),
        };
      },
    },
  ];
}
