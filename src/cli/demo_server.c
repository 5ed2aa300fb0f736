#include "cli/demo_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { START_SECONDS = 60, STOP_SECONDS = 10, TICKS_PER_SECOND = 20, LONGEST_DIR = 60 };

static void
tick(void)
{
    nanosleep(&(struct timespec) {.tv_nsec = 1000000000L / TICKS_PER_SECOND}, NULL);
}

/* ------------------------------------------------------------------------------------------- the binaries */

static bool
has_server(prt_arena *arena, const char *dir)
{
    return access(prt_arena_printf(arena, "%s/postgres", dir), X_OK) == 0 &&
           access(prt_arena_printf(arena, "%s/initdb", dir), X_OK) == 0;
}

static const char *
from_path(prt_arena *arena)
{
    const char *path = getenv("PATH");
    for (const char *part = path == NULL ? "" : path; *part != '\0';) {
        size_t length = strcspn(part, ":");
        const char *dir = prt_arena_strndup(arena, part, length);
        if (length > 0 && has_server(arena, dir))
            return dir;
        part += length + (part[length] == ':');
    }
    return NULL;
}

static const char *
from_pg_config(prt_arena *arena)
{
    char line[1024] = "";
    FILE *output = popen("pg_config --bindir 2>/dev/null", "r");
    if (output == NULL)
        return NULL;
    bool got = fgets(line, sizeof line, output) != NULL;
    pclose(output);
    line[strcspn(line, "\n")] = '\0';
    return got && has_server(arena, line) ? prt_arena_strdup(arena, line) : NULL;
}

/* The newest of the distribution's. */
static const char *
from_packages(prt_arena *arena)
{
    static const char *const patterns[] = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"};
    const char *best = NULL;
    double best_version = 0;
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        glob_t found;
        if (glob(patterns[p], 0, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc; i++) {
            const char *dir = found.gl_pathv[i];
            double version = strtod(dir + strcspn(dir, "0123456789"), NULL);
            if (version > best_version && has_server(arena, dir)) {
                best = prt_arena_strdup(arena, dir);
                best_version = version;
            }
        }
        globfree(&found);
    }
    return best;
}

static bool
find_binaries(prt_demo_server *s, prt_error *err)
{
    s->bin = from_packages(s->arena);
    if (s->bin == NULL)
        s->bin = from_pg_config(s->arena);
    if (s->bin == NULL)
        s->bin = from_path(s->arena);
    if (s->bin != NULL)
        return true;
    prt_fail(err, PRT_ERR_FAILED, "there is no PostgreSQL server on this machine (initdb and postgres)");
    return prt_fail_hint(err, "on Debian: apt-get install postgresql; or put its bin folder on the PATH");
}

/* -------------------------------------------------------------------------------------- user and folder */

static bool
choose_user(prt_demo_server *s, prt_error *err)
{
    const struct passwd *who = getpwuid(geteuid());
    s->other_user = geteuid() == 0;
    if (s->other_user)
        who = getpwnam("postgres");
    if (s->other_user && who == NULL)
        who = getpwnam("nobody");
    if (s->other_user && who == NULL)
        return prt_fail(err, PRT_ERR_FAILED,
                        "PostgreSQL does not run as root, and there is no user postgres or nobody");
    s->uid = who == NULL ? geteuid() : who->pw_uid;
    s->gid = who == NULL ? getegid() : who->pw_gid;
    s->user = who == NULL ? "" : prt_arena_strdup(s->arena, who->pw_name);
    return true;
}

/* The path of a socket may have 107 bytes. */
static bool
make_folder(prt_demo_server *s, prt_error *err)
{
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] != '/' || strlen(base) > LONGEST_DIR)
        base = "/tmp";
    char *dir = prt_arena_printf(s->arena, "%s/partrun-demo-XXXXXX", base);
    if (mkdtemp(dir) == NULL)
        return prt_fail(err, PRT_ERR_IO, "cannot make a folder in %s: %s", base, strerror(errno));
    s->dir = dir;
    if (s->other_user && chown(dir, s->uid, s->gid) != 0)
        return prt_fail(err, PRT_ERR_IO, "cannot give %s to %s: %s", dir, s->user, strerror(errno));
    return true;
}

/* ------------------------------------------------------------------------------------------- processes */

/* execve() wants what it does not change as changeable. */
static char **
copy_words(prt_arena *arena, const char *const *words)
{
    size_t count = 0;
    while (words[count] != NULL)
        count++;
    char **copy = prt_arena_array(arena, count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = prt_arena_strdup(arena, words[i]);
    return copy;
}

/* In the child: another user, a plain environment, output to the log. Never returns. */
static void
become(const prt_demo_server *s, char *const *argv, pid_t parent)
{
    char path[] = "PATH=/usr/bin:/bin", locale[] = "LC_ALL=C";
    char *environment[] = {path, locale, prt_arena_printf(s->arena, "HOME=%s", s->dir), NULL};
    int log = open(prt_arena_printf(s->arena, "%s/server.log", s->dir), O_WRONLY | O_CREAT | O_APPEND, 0666);
    int null = open("/dev/null", O_RDONLY);
    setpgid(0, 0); /* Ctrl-C is for partrun, which then stops the server */
    if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(127);
    if (s->other_user && (fchown(log, s->uid, s->gid) != 0 || initgroups(s->user, s->gid) != 0 || setgid(s->gid) != 0 ||
                          setuid(s->uid) != 0))
        _exit(127);
    /* After setuid, which clears it: when partrun dies, the server shuts down. */
    prctl(PR_SET_PDEATHSIG, SIGINT);
    if (getppid() != parent || chdir(s->dir) != 0)
        _exit(127);
    execve(argv[0], argv, environment);
    _exit(127);
}

static pid_t
spawn(const prt_demo_server *s, const char *const *words)
{
    char **argv = copy_words(s->arena, words);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(s, argv, parent);
    return pid;
}

/* The last line of the log says why. */
static bool
failed(const prt_demo_server *s, const char *what, prt_error *err)
{
    char *text = NULL;
    size_t length = 0;
    prt_error ignored = {0};
    const char *last = "";
    if (prt_file_read(s->arena, prt_arena_printf(s->arena, "%s/server.log", s->dir), &text, &length, &ignored)) {
        while (length > 0 && text[length - 1] == '\n')
            text[--length] = '\0';
        last = strrchr(text, '\n') == NULL ? text : strrchr(text, '\n') + 1;
    }
    return prt_fail(err, PRT_ERR_FAILED, "%s failed%s%s", what, last[0] == '\0' ? "" : ": ", last);
}

static bool
interrupted(const prt_demo_server *s, prt_error *err)
{
    if (*s->interrupt == 0)
        return false;
    prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
    return true;
}

static bool
run_initdb(prt_demo_server *s, prt_error *err)
{
    const char *argv[] = {prt_arena_printf(s->arena, "%s/initdb", s->bin),
                          "-D",
                          prt_arena_printf(s->arena, "%s/data", s->dir),
                          "-U",
                          "postgres",
                          "-A",
                          "trust",
                          "-E",
                          "UTF8",
                          "--locale=C",
                          "--no-sync",
                          NULL};
    int status = 0;
    pid_t pid = spawn(s, argv);
    if (pid < 0)
        return prt_fail(err, PRT_ERR_FAILED, "cannot start initdb: %s", strerror(errno));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        if (*s->interrupt != 0)
            kill(-pid, SIGTERM);
    if (interrupted(s, err))
        return false;
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || failed(s, "initdb", err);
}

static bool
answers(const prt_demo_server *s)
{
    return PQping(prt_demo_server_dsn(s, "postgres")) == PQPING_OK;
}

static bool
run_server(prt_demo_server *s, prt_error *err)
{
    const char *argv[] = {prt_arena_printf(s->arena, "%s/postgres", s->bin),
                          "-D",
                          prt_arena_printf(s->arena, "%s/data", s->dir),
                          "-c",
                          "listen_addresses=",
                          "-c",
                          prt_arena_printf(s->arena, "unix_socket_directories=%s", s->dir),
                          "-c",
                          "port=5432",
                          "-c",
                          "fsync=off",
                          "-c",
                          "timezone=UTC",
                          NULL};
    s->pid = spawn(s, argv);
    if (s->pid < 0) {
        s->pid = 0;
        return prt_fail(err, PRT_ERR_FAILED, "cannot start postgres: %s", strerror(errno));
    }
    for (int i = 0; i < START_SECONDS * TICKS_PER_SECOND; i++) {
        if (answers(s))
            return true;
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
            s->pid = 0;
            return failed(s, "postgres", err);
        }
        if (interrupted(s, err))
            return false;
        tick();
    }
    return prt_fail(err, PRT_ERR_TIMEOUT, "PostgreSQL did not come up within %d s", START_SECONDS);
}

bool
prt_demo_server_start(prt_demo_server *server, prt_arena *arena, volatile sig_atomic_t *interrupt, prt_error *err)
{
    *server = (prt_demo_server) {.arena = arena, .interrupt = interrupt};
    return find_binaries(server, err) && choose_user(server, err) && make_folder(server, err) &&
           run_initdb(server, err) && run_server(server, err);
}

/* Fast, then immediate, then by force. */
static void
stop_server(prt_demo_server *s)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGKILL};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        kill(s->pid, signals[i]);
        for (int k = 0; k < STOP_SECONDS * TICKS_PER_SECOND; k++) {
            if (waitpid(s->pid, NULL, WNOHANG) != 0)
                return;
            tick();
        }
    }
}

static int
remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void) info;
    (void) kind;
    (void) where;
    remove(path);
    return 0;
}

void
prt_demo_server_stop(prt_demo_server *server)
{
    if (server->pid > 0)
        stop_server(server);
    server->pid = 0;
    if (server->dir != NULL)
        nftw(server->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    server->dir = NULL;
}

const char *
prt_demo_server_dsn(const prt_demo_server *server, const char *database)
{
    return prt_arena_printf(server->arena, "host=%s port=5432 user=postgres dbname=%s", server->dir, database);
}
