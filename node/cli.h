// node/cli.h
//
// The command line: verbs, their flags and their help.  cli.cc is the one file
// that includes CLI11.

#ifndef ORRERY_NODE_CLI_H_
#define ORRERY_NODE_CLI_H_

namespace orrery {

// Runs one verb; returns the exit status of the process, which is 1 if all went
// well but what it printed could not be written.
int RunCli(int argc, char** argv);

}  // namespace orrery

#endif  // ORRERY_NODE_CLI_H_
