/*
 * A private throwaway PostgreSQL: its data and its socket in a temporary folder, no TCP. Under an ordinary user when this
 * process is root's. It dies with this process, whatever happens to it.
 */
#ifndef PRT_CLI_DEMO_SERVER_H
#define PRT_CLI_DEMO_SERVER_H

#include <signal.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

typedef struct prt_demo_server {
    prt_arena *arena;
    volatile sig_atomic_t *interrupt;
    const char *bin; /* of initdb and postgres */
    const char *dir; /* temporary; removed by stop */
    pid_t pid;       /* 0: not running */
    bool other_user; /* this process is root's */
    uid_t uid;
    gid_t gid;
    const char *user; /* who runs the server */
} prt_demo_server;

/* Stop it also when this failed. */
PRT_NODISCARD bool prt_demo_server_start(prt_demo_server *server, prt_arena *arena, volatile sig_atomic_t *interrupt,
                                         prt_error *err);
void prt_demo_server_stop(prt_demo_server *server);
/* host, port, user and this database: a DSN without a secret. */
const char *prt_demo_server_dsn(const prt_demo_server *server, const char *database);

#endif
