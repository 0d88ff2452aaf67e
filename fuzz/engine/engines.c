/* Folders of a build and of the source. */
#include "fuzz/engine/engines.h"

#include <libgen.h>
#include <unistd.h>

#include "harness/base/text.h"

/* The folder beside ours, or one of the working folder. */
static void find(const char *wish, const char *beside, const char *otherwise, char *ret)
{
    char self[PATH_MAX];
    char path[2 * PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (wish) {
        text_copy(ret, PATH_MAX, wish);
        return;
    }
    self[len > 0 ? len : 0] = '\0';
    text_format(path, sizeof(path), "%s/%s", dirname(self), beside);
    text_copy(ret, PATH_MAX, len > 0 && access(path, R_OK) == 0 ? path : otherwise);
}

void engines_folder(const char *wish, char ret[PATH_MAX])
{
    find(wish, "../fuzz", "build/fuzz", ret);
}

void engines_corpus(const char *wish, char ret[PATH_MAX])
{
    find(wish, "../../corpus", "corpus", ret);
}
