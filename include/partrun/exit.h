/*
 * The exit statuses of the partrun program: a promise to users and their scripts. Where several apply, the gravest wins:
 * interrupted, connect, failed, usage, locked, findings, ok.
 */
#ifndef PARTRUN_EXIT_H
#define PARTRUN_EXIT_H

typedef enum partrun_exit {
    PARTRUN_EXIT_OK = 0,            /* done, or nothing to report */
    PARTRUN_EXIT_FAILED = 1,        /* something failed while running, or a finding of severity error remains */
    PARTRUN_EXIT_USAGE = 2,         /* wrong usage, policy or configuration: nothing was changed */
    PARTRUN_EXIT_FINDINGS = 3,      /* `check`: findings; `plan --exit-code`: changes are pending */
    PARTRUN_EXIT_CONNECT = 4,       /* the database cannot be reached, or is too old */
    PARTRUN_EXIT_LOCKED = 5,        /* another run holds the lock */
    PARTRUN_EXIT_INTERRUPTED = 130, /* SIGINT or SIGTERM */
} partrun_exit;

#endif
