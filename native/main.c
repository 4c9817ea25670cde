/* The device executable: the event loop below the program. */
#include "engine.h"
#include "loop.h"
#include "process.h"

int main(int argc, char **argv)
{
    process_start(argc, argv);
    engine_start();
    int status = loop_run();
#ifdef __SANITIZE_ADDRESS__
    engine_end();
#endif
    return status;
}
