/*
 * Runs a program on a kernel whose getrandom is another:
 *   missing PROGRAM…  there is none, as before Linux 3.17
 *   early PROGRAM…    it has nothing yet, as early after the start: who asks without waiting is told so
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    int early = strcmp(argv[1], "early") == 0;
    /* GRND_NONBLOCK is the least of the flags. */
    struct sock_filter filter[] = {
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 2),
        LOAD(args[2]),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, early ? GRND_NONBLOCK : 0, 1, 0),
        ANSWER(SECCOMP_RET_ALLOW),
        ANSWER(SECCOMP_RET_ERRNO | (early ? EAGAIN : ENOSYS)),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("seccomp");
        return 1;
    }
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return 1;
}
