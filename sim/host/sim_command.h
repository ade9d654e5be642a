// sim/host/sim_command.h
//
// `orrery sim`: runs simulated clusters and judges them.
//
//   run --seeds A..B      a campaign in forked workers
//   replay FILE           one scenario; or --seed N --profile P
//   print-scenario        the text a seed stands for
//   golden FILE...        scenarios and their digests, one line each
//
// Exit codes: 0 all held, 10 a property was violated or a worker died, 11 not
// deterministic (wins over 10), 12 coverage vacuous, 2 usage or parse error, 1
// unexpected.

#ifndef ORRERY_SIM_HOST_SIM_COMMAND_H_
#define ORRERY_SIM_HOST_SIM_COMMAND_H_

namespace orrery {

// `argv[0]` is the verb (`sim`).
int RunSimCommand(int argc, char** argv);

}  // namespace orrery

#endif  // ORRERY_SIM_HOST_SIM_COMMAND_H_
