// The verbs of `orrery sim` as a program of their own, without the node: what a
// planted bug is tried with, because it is built in seconds.

#include "sim/host/sim_command.h"

int main(int argc, char** argv) { return orrery::RunSimCommand(argc, argv); }
