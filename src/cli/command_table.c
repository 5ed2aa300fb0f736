/* One row a command. */
#include "cli/cli.h"

#define POLICY_OPERAND "POLICY is a Lua file, or a folder of them; without one: PARTRUN_POLICIES, or ./policies."

const prt_command prt_command_table[] = {
    {PRT_CMD_VALIDATE, "validate", "[POLICY...]", 0, -1, "load and check policies, without a database",
     "Says of every policy what it will do. Exits 2 when one is wrong.\n" POLICY_OPERAND, prt_cmd_validate},
    {PRT_CMD_PLAN, "plan", "[POLICY...]", 0, -1, "what apply would do: operations, reasons, locks, sizes",
     "Changes nothing and takes no lock. " POLICY_OPERAND "\n"
     "With --sql, the report becomes a script for psql. With --out, the plan is saved as JSON; `partrun apply FILE` "
     "then "
     "does exactly this plan, or refuses when the database has changed in between.",
     prt_cmd_plan},
    {PRT_CMD_APPLY, "apply", "[POLICY...|PLAN.json]", 0, -1, "do it: create what is missing, retire what has expired",
     "Creations come first, then retirement, one partition at a time. " POLICY_OPERAND "\n"
     "A failure in one table does not stop the others. Exits 1 when an operation failed or a finding of severity error "
     "remains, 5 when another run holds a table.",
     prt_cmd_apply},
    {PRT_CMD_CHECK, "check", "[POLICY...]", 0, -1, "compare the database with the policies; exit 3 on findings",
     "Reports what apply would change and what it cannot mend. Exits 3 when there are errors or "
     "warnings.\n" POLICY_OPERAND,
     prt_cmd_check},
    {PRT_CMD_ENSURE, "ensure", "[POLICY...] --at T | --from T --to T", 0, -1,
     "create the partitions that hold these instants or ids, now",
     "For rows from another time: an import of last year, a jump of a sequence. Nothing is retired.\n" POLICY_OPERAND,
     prt_cmd_ensure},
    {PRT_CMD_RETIRE, "retire", "POLICY PARTITION...", 2, -1, "detach and drop by hand, by the policy's rules",
     "Hold and retention still protect. PARTITION is a name as in SQL, with its schema where that is not its table's.",
     prt_cmd_retire},
    {PRT_CMD_STATS, "stats", "[TABLE...|POLICY...]", 0, -1, "bounds, rows, sizes, and a timeline of the partitions",
     "A TABLE needs no policy. Row counts are the statistics' estimates unless --exact is given.\n" POLICY_OPERAND,
     prt_cmd_stats},
    {PRT_CMD_ARCHIVE, "archive", "TABLE URL", 2, 2, "copy a table out, verify the copy, print its manifest",
     "URL is file:///folder/name or s3://bucket/key, and ends in .csv or .copy (PostgreSQL's binary format), which .gz "
     "or "
     ".zst may follow. Beside it lies a manifest, URL.manifest.json, written once the stored object has been read back "
     "and found right. The table stays as it is. An archive of this very table that is there already is verified "
     "again.",
     prt_cmd_archive},
    {PRT_CMD_RESTORE, "restore", "URL", 1, 1, "make a table again from its archive",
     "The table is made from the manifest, loaded, and seen by others once the number of rows and the checksum are "
     "right; "
     "a failure leaves nothing behind. A table that is there already is never touched. Foreign keys, triggers, grants "
     "and "
     "row-level security are not part of an archive. A manifest holds SQL: restore what you trust.",
     prt_cmd_restore},
    {PRT_CMD_DEMO, "demo", "", 0, 0, "all of it on a private throwaway PostgreSQL with sample tables",
     "Starts a server of its own in a temporary folder, fills sample tables with a year of rows, shows validate, "
     "check, "
     "plan, apply and stats on them, and waits, so that you can look around. Everything is removed at the end.",
     prt_cmd_demo},
    {0, NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const prt_command prt_script_command = {
    PRT_CMD_SCRIPT,
    "script",
    "SCRIPT.lua [ARG...]",
    1,
    -1,
    "run a Lua program with partrun's whole API",
    "The script has Lua's standard library, `require \"partrun\"`, and its arguments in `arg` and `...`. A first line "
    "that "
    "begins with #! is skipped, so that a script can be made executable. Options of partrun go before its name.",
    prt_cmd_script};
