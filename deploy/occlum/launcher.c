/*
 * The only entry point of the enclave. The host chooses the arguments of the program that it starts, and Node runs code
 * that stands in an argument (--import, -e): so the host may start this one alone, which reads neither arguments nor
 * environment and becomes the aggregator. The environment is env.default of Occlum.json, written out again, so that
 * a change there lets nothing in. If Node cannot be started: a line on standard error and exit code 127.
 *
 * The two paths can be given with -D, for tests on ordinary Linux alone; build.sh does not.
 */
#include <unistd.h>

#ifndef COFFER_NODE
#define COFFER_NODE "/opt/coffer/node"
#endif
#ifndef COFFER_PROGRAM
#define COFFER_PROGRAM "/coffer/aggregator.mjs"
#endif

static char *const arguments[] = {COFFER_NODE, COFFER_PROGRAM, "--home", "/coffer/home", 0};

static char *const environment[] = {
    "OCCLUM=yes",         "UV_USE_IO_URING=0",   "UV_THREADPOOL_SIZE=2",
    "MALLOC_ARENA_MAX=1", "NODE_ENV=production", 0,
};

int main(void) {
  static const char failed[] = "launcher: " COFFER_NODE " cannot be started\n";
  execve(COFFER_NODE, arguments, environment);
  return write(STDERR_FILENO, failed, sizeof failed - 1) < 0 ? 126 : 127;
}
