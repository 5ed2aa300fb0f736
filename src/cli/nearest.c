/* "Did you mean": the nearest name by edit distance, a swap of neighbours counting as one. */
#include <string.h>

#include "cli/options.h"

enum { LONGEST = 40 };

static int
least(int a, int b)
{
    return a < b ? a : b;
}

static int
distance(const char *a, const char *b)
{
    int rows = (int) strlen(a), columns = (int) strlen(b);
    int d[LONGEST + 1][LONGEST + 1];
    if (rows > LONGEST || columns > LONGEST)
        return LONGEST;
    for (int i = 0; i <= rows; i++)
        d[i][0] = i;
    for (int k = 0; k <= columns; k++)
        d[0][k] = k;
    for (int i = 1; i <= rows; i++)
        for (int k = 1; k <= columns; k++) {
            d[i][k] = least(d[i - 1][k - 1] + (a[i - 1] != b[k - 1]), least(d[i - 1][k], d[i][k - 1]) + 1);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                d[i][k] = least(d[i][k], d[i - 2][k - 2] + 1);
        }
    return d[rows][columns];
}

const char *
prt_nearest(const char *const *names, size_t count, const char *name)
{
    const char *best = NULL;
    int best_distance = (int) strlen(name) < 4 ? 2 : 3; /* at this distance it is another word */
    for (size_t i = 0; i < count; i++) {
        int found = distance(names[i], name);
        if (found < best_distance) {
            best_distance = found;
            best = names[i];
        }
    }
    return best;
}

const char *
prt_nearest_command(const char *name)
{
    const char *names[16];
    size_t count = 0;
    for (const prt_command *c = prt_command_table; c->name != NULL; c++)
        names[count++] = c->name;
    return prt_nearest(names, count, name);
}
