/** The verbs of the attestation policy: a part of the table in ../verbs.ts. */
import { verb, type Verb } from '../verb.ts'

const POLICY = { name: 'FILE', description: 'The policy, such as attestation-policy.json.' }
const organisation = {
  type: 'string',
  value: 'NAME',
  description: 'The organisation that the key is of. Required.',
} as const

export const policyVerbs: readonly Verb[] = [
  verb({
    name: 'policy new',
    summary: 'Make an attestation policy from a YAML file, for the organisations to sign',
    description:
      'deploy/policy.example.yaml explains every key; names of files in it are relative to it. It writes version 1, or ' +
      'with --previous the version after that one, with its organisations and threshold where the YAML names none.',
    positionals: [{ name: 'FILE.yaml', description: 'What the aggregator has to show, and who decides about it.' }],
    options: {
      previous: { type: 'string', value: 'FILE', description: 'The policy that the new one follows.' },
      out: {
        type: 'string',
        value: 'FILE.json',
        default: 'attestation-policy.json',
        description: 'Where the policy goes; nothing is written over.',
      },
    },
    examples: [
      'coffer policy new policy.yaml',
      'coffer policy new policy.yaml --previous attestation-policy.json --out attestation-policy-2.json',
    ],
    run: async (context, options, file) => (await import('./new.ts')).newPolicy(context, options, file),
  }),
  verb({
    name: 'policy key',
    summary: 'Make the key pair with which an organisation signs policies',
    description: 'Ed25519: NAME.key.pem, which stays with the organisation, and NAME.pub.pem for the policy.',
    positionals: [],
    options: { organisation, out: { type: 'string', value: 'DIR', description: 'Where the two files go. Required.' } },
    examples: ['coffer policy key --organisation bank-a --out keys'],
    run: async (context, options) => (await import('./sign.ts')).key(context, options),
  }),
  verb({
    name: 'policy sign',
    summary: 'Sign a policy for one organisation; the signature goes into the file',
    description:
      'Look at it with `coffer policy show` first, and with `coffer policy diff` at what a new version changes. A new ' +
      'version needs organisations of the version before too; one that leaves, or changes its key, gives --previous.',
    positionals: [POLICY],
    options: {
      organisation,
      key: { type: 'string', value: 'FILE.pem', description: 'Its private key, PKCS#8. Required.' },
      previous: { type: 'string', value: 'FILE', description: 'The version before, where only that names the key.' },
    },
    examples: ['coffer policy sign attestation-policy.json --organisation bank-a --key keys/bank-a.key.pem'],
    run: async (context, options, file) => (await import('./sign.ts')).sign(context, options, file),
  }),
  verb({
    name: 'policy show',
    summary: 'Show every value of a policy, and who has signed it',
    positionals: [POLICY],
    options: {},
    examples: ['coffer policy show attestation-policy.json'],
    run: async (context, _options, file) => (await import('./show.ts')).show(context, file),
  }),
  verb({
    name: 'policy diff',
    summary: 'Show what one policy says otherwise than another: laxer, stricter, or for you to judge',
    positionals: [
      { name: 'BEFORE', description: 'A policy.' },
      { name: 'AFTER', description: 'The policy that would replace it.' },
    ],
    options: {},
    examples: ['coffer policy diff attestation-policy.json attestation-policy-2.json'],
    run: async (context, _options, before, after) => (await import('./diff.ts')).diff(context, before, after),
  }),
  verb({
    name: 'policy check',
    summary: 'Judge whether a policy binds, with every reason against it, and warn of what it allows',
    description:
      'Exit code 0 when it binds, 1 when it is refused, 2 when it is no policy. Warnings change no exit code.',
    positionals: [POLICY],
    options: {
      federation: { type: 'string', value: 'NAME', description: 'The federation that it has to be of.' },
      accepted: {
        type: 'string',
        value: 'FILE',
        description: 'The policy in use: versions only go up, and its organisations agree.',
      },
      overlay: { type: 'string', value: 'FILE', description: "A party's own stricter rules, YAML." },
    },
    examples: [
      'coffer policy check attestation-policy.json --federation north',
      'coffer policy check attestation-policy-2.json --accepted attestation-policy.json --overlay overlay.yaml',
    ],
    run: async (context, options, file) => (await import('./check.ts')).check(context, options, file),
  }),
]
