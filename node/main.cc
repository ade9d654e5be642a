#include "node/cli.h"

int main(int argc, char** argv) { return orrery::RunCli(argc, argv); }
