/*
 * The templates for CI, as far as a machine without those services can run them: every script and
 * every file looked at by the tools for it, the steps of the YAML executed in their order with the
 * environment that the service gives them, and a sample project that the gate must stop.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/runner/yaml.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 120, COMMAND_MAX = 8192, STEPS_MAX = 20, NAME_CAP = 64 };

#define ACTION "ci/templates/github/action.yml"
#define WORKFLOW "ci/templates/github/workflow.yml"
#define GITLAB "ci/templates/gitlab.yml"

/* Runs a command line, and fails unless it ends with this status. In it $S is the project, $B its
   build, $D the folder of the test, $C the installed templates. The caller frees the result. */
PRINTF_LIKE(2, 3)
static struct program_result sh(int status, const char *format, ...)
{
    char command[COMMAND_MAX];
    va_list args;

    va_start(args, format);
    text_vformat(command, sizeof(command), format, args);
    va_end(args);
    struct program_result r = program_run(LIMIT_S, "%s", command);
    if (r.status != status)
        fail_msg("%s\nended with %d, not %d:\n%s%s", command, r.status, status, r.out, r.err);
    return r;
}

/* The same where nothing but the status, and perhaps a word on either output, is of interest. */
static void try(int status, const char *said, const char *command)
{
    struct program_result r = sh(status, "%s", command);

    if (said && !strstr(r.out, said) && !strstr(r.err, said))
        fail_msg("%s\ndid not say \"%s\" but:\n%s%s", command, said, r.out, r.err);
    program_free(&r);
}

/* A copy of the sample as $D/NAME, whose gate tries less and waits less than that of the sample. */
static void copy_sample(const char *name, const char *more)
{
    struct program_result r =
        sh(0,
           "rm -rf $D/%s && cp -r $C/sample $D/%s && printf '    suites: [stream.octets, "
           "stream.shutdown, stream.echo.identity]\n    patience: 1000\n%s' >> $D/%s/gate.yaml",
           name, name, more, name);

    program_free(&r);
}

/* The text of a file below $D; the caller frees. */
static char *text_of(const char *name)
{
    char path[PATH_MAX];

    text_format(path, sizeof(path), "%s/%s", program_folder, name);
    char *text = program_read_file(path);
    if (!text)
        fail_msg("there is no %s", path);
    return text;
}

static void assert_in_file(const char *name, const char *part)
{
    char *text = text_of(name);

    assert_contains(text, part);
    free(text);
}

/* ---- YAML ---- */

static void open_yaml(struct yaml *y, const char *path)
{
    struct problem why;

    if (!yaml_open(y, path, "", &why))
        fail_msg("%s", why.text);
}

/* The node at a path of keys and numbers as "runs/steps/0/shell", or NULL. */
static const yaml_node_t *find(struct yaml *y, const char *path)
{
    const yaml_node_t *node = yaml_root(y);

    while (node && *path) {
        char word[NAME_CAP];
        size_t len = strcspn(path, "/");
        struct yaml_pair pair;
        size_t number = 0;

        text_format(word, sizeof(word), "%.*s", (int)len, path);
        path += len + (path[len] == '/');
        if (node->type == YAML_SEQUENCE_NODE) {
            node = yaml_item(y, node, strtoul(word, NULL, 10));
            continue;
        }
        while (yaml_pair(y, node, number, &pair) && !text_eq(pair.key, word))
            number++;
        node = yaml_pair(y, node, number, &pair) ? pair.value : NULL;
    }
    return node;
}

/* The text at a path, which is put together as printf does; NULL where there is none. */
PRINTF_LIKE(2, 3)
static const char *text_at(struct yaml *y, const char *format, ...)
{
    char path[256];
    va_list args;

    va_start(args, format);
    text_vformat(path, sizeof(path), format, args);
    va_end(args);
    const yaml_node_t *node = find(y, path);
    return node ? yaml_text(node) : NULL;
}

static void assert_text(struct yaml *y, const char *path, const char *text)
{
    const char *there = text_at(y, "%s", path);

    if (!there || !text_eq(there, text))
        fail_msg("%s of %s: %s, not %s", path, y->path, there ? there : "nothing", text);
}

/* Every key of the mapping is one of these, which end in NULL. */
static void assert_keys(struct yaml *y, const char *path, const char *const *known)
{
    const yaml_node_t *node = find(y, path);
    struct yaml_pair pair;

    if (!node || node->type != YAML_MAPPING_NODE)
        fail_msg("%s of %s is no mapping", path, y->path);
    for (size_t i = 0; yaml_pair(y, node, i, &pair); i++) {
        const char *const *one = known;

        while (*one && !text_eq(*one, pair.key))
            one++;
        if (!*one)
            fail_msg("%s of %s: the key %s is not known there", path, y->path, pair.key);
    }
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- what tools find in them ---- */

static void test_scripts(void **state UNUSED)
{
    try(0, NULL, "shellcheck ci/templates/*.sh");
    try(0, "Usage: gate.sh", "ci/templates/gate.sh --help");
    try(0, "Usage: install.sh", "ci/templates/install.sh --help");
}

static void test_lint_yaml(void **state UNUSED)
{
    try(0, NULL,
        "yamllint -s -d '{extends: default, rules: {document-start: disable, truthy: "
        "{check-keys: false}, line-length: {max: 110}}}' ci/templates");
    try(0, "nothing was run", "cd $C/sample && $ASSAY gate gate.yaml --dry-run");
}

/* A script in YAML is a script: no expression of the service stands in it, where what it comes to
   would be executed; what it needs comes by the environment. */
static void assert_script(const char *path, const char *where, const char *shell, const char *body)
{
    char file[128];
    char text[COMMAND_MAX];

    if (strstr(body, "${{"))
        fail_msg("%s: %s has an expression", path, where);
    text_format(file, sizeof(file), "%s/body.sh", program_folder);
    text_format(text, sizeof(text), "#!/bin/%s\nset -e\n%s", shell, body);
    program_write_file(file, text);
    struct program_result r = sh(0, "shellcheck '%s'", file);
    program_free(&r);
}

static void test_scripts_in_yaml(void **state UNUSED)
{
    static const struct {
        const char *path, *list, *key, *shell;
        unsigned count;
    } rows[] = {
        {ACTION, "runs/steps", "/run", "sh", 2},
        {WORKFLOW, "jobs/gate/steps", "/run", "bash", 1},
        {GITLAB, ".assay/before_script", "", "sh", 1},
        {GITLAB, ".assay/script", "", "sh", 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct yaml y;
        unsigned found = 0;

        open_yaml(&y, rows[i].path);
        for (unsigned k = 0; k < STEPS_MAX; k++) {
            const char *body = text_at(&y, "%s/%u%s", rows[i].list, k, rows[i].key);

            if (body)
                assert_script(rows[i].path, rows[i].list, rows[i].shell, body);
            found += body != NULL;
        }
        assert_row(i, found == rows[i].count);
        yaml_close(&y);
    }
}

/* ---- their structure ---- */

/* Each name behind such a prefix in the file stands at the path in the YAML. */
static void assert_names(struct yaml *y, const char *file, const char *prefix, const char *path)
{
    char *text = program_read_file(file);
    unsigned found = 0;

    assert_non_null(text);
    for (const char *at = strstr(text, prefix); at; at = strstr(at, prefix)) {
        char name[NAME_CAP];
        char whole[2 * NAME_CAP];

        at += strlen(prefix);
        text_format(name, sizeof(name), "%.*s", (int)strcspn(at, " .}"), at);
        text_format(whole, sizeof(whole), "%s/%s", path, name);
        if (!find(y, whole))
            fail_msg("%s: %s%s is nowhere", file, prefix, name);
        found++;
    }
    assert_true(found > 0);
    free(text);
}

static void test_action(void **state UNUSED)
{
    struct yaml y;
    unsigned steps = 0;

    open_yaml(&y, ACTION);
    assert_keys(&y, "", KEYS("name", "description", "branding", "inputs", "outputs", "runs"));
    assert_non_null(text_at(&y, "name"));
    assert_non_null(text_at(&y, "description"));
    assert_text(&y, "runs/using", "composite");
    assert_keys(&y, "runs", KEYS("using", "steps"));
    for (; text_at(&y, "runs/steps/%u/name", steps); steps++) {
        char path[NAME_CAP];

        text_format(path, sizeof(path), "runs/steps/%u", steps);
        assert_keys(&y, path, KEYS("name", "id", "shell", "working-directory", "env", "run"));
        assert_non_null(text_at(&y, "%s/shell", path));
        assert_non_null(text_at(&y, "%s/run", path));
    }
    assert_int_equal(steps, 2);
    assert_text(&y, "runs/steps/1/id", "gate");
    assert_names(&y, ACTION, "${{ inputs.", "inputs");
    const char *const groups[] = {"inputs", "outputs"};
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        struct yaml_pair pair;
        bool input = g == 0;

        for (size_t i = 0; yaml_pair(&y, find(&y, groups[g]), i, &pair); i++) {
            assert_non_null(text_at(&y, "%s/%s/description", groups[g], pair.key));
            const char *value =
                text_at(&y, "%s/%s/%s", groups[g], pair.key, input ? "default" : "value");
            assert_non_null(value);
            assert_contains(value, input ? "" : "${{ steps.gate.outputs.");
        }
    }
    yaml_close(&y);
}

/* What another's action is taken by is a major version or a release, never a branch. */
static void assert_pinned(const char *uses)
{
    const char *at = strchr(uses, '@');

    if (!at || at[1] != 'v' || at[2] < '0' || at[2] > '9')
        fail_msg("%s is pinned to nothing", uses);
}

static void test_workflow(void **state UNUSED)
{
    struct yaml y;
    struct yaml action;
    unsigned uses = 0;

    open_yaml(&y, WORKFLOW);
    open_yaml(&action, ACTION);
    assert_keys(&y, "", KEYS("name", "on", "permissions", "jobs"));
    assert_keys(&y, "permissions", KEYS("contents"));
    assert_text(&y, "permissions/contents", "read");
    assert_keys(&y, "jobs/gate", KEYS("runs-on", "timeout-minutes", "permissions", "steps"));
    assert_keys(&y, "jobs/gate/permissions", KEYS("contents", "security-events"));
    assert_text(&y, "jobs/gate/permissions/contents", "read");
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        char path[NAME_CAP];
        struct yaml_pair pair;

        text_format(path, sizeof(path), "jobs/gate/steps/%u", i);
        if (!find(&y, path))
            break;
        assert_keys(&y, path, KEYS("name", "if", "uses", "with", "run"));
        const char *used = text_at(&y, "%s/uses", path);
        assert_true((used != NULL) != (text_at(&y, "%s/run", path) != NULL));
        if (!used)
            continue;
        assert_pinned(used);
        uses++;
        if (!strstr(used, "ci/templates/github@"))
            continue;
        text_format(path, sizeof(path), "jobs/gate/steps/%u/with", i);
        for (size_t k = 0; yaml_pair(&y, find(&y, path), k, &pair); k++)
            assert_non_null(text_at(&action, "inputs/%s/default", pair.key));
    }
    assert_int_equal(uses, 4);
    /* What is kept is where the action leaves it, also where the gate is closed. */
    assert_text(&action, "inputs/reports/default", "assay-report");
    assert_text(&y, "jobs/gate/steps/3/with/path", "assay-report/");
    assert_text(&y, "jobs/gate/steps/3/if", "${{ always() }}");
    assert_text(&y, "jobs/gate/steps/4/with/sarif_file", "assay-report/report.sarif");
    assert_contains(text_at(&y, "jobs/gate/steps/4/if"), "${{ always() && ");
    yaml_close(&action);
    yaml_close(&y);
}

static void test_gitlab(void **state UNUSED)
{
    struct yaml y;

    open_yaml(&y, GITLAB);
    assert_keys(&y, "", KEYS(".assay"));
    assert_keys(&y, ".assay", KEYS("image", "variables", "before_script", "script", "artifacts"));
    assert_keys(&y, ".assay/artifacts", KEYS("when", "expire_in", "paths", "reports"));
    assert_text(&y, ".assay/artifacts/when", "always");
    assert_text(&y, ".assay/artifacts/paths/0", "assay-report/");
    assert_keys(&y, ".assay/artifacts/reports", KEYS("junit", "codequality"));
    assert_text(&y, ".assay/artifacts/reports/junit", "assay-report/junit.xml");
    assert_text(&y, ".assay/artifacts/reports/codequality", "assay-report/gitlab.json");
    yaml_close(&y);
}

/* ---- gate.sh ---- */

static const char *const files[] = {"junit.xml",   "report.html", "report.json", "report.sarif",
                                    "gitlab.json", "summary.md",  "badge.svg"};

static void assert_reports(const char *folder)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[128];

        text_format(path, sizeof(path), "%s/%s", folder, files[i]);
        char *text = text_of(path);
        assert_true(strlen(text) > 0);
        free(text);
    }
}

/* The sample as it lies there: right, with all checks that there are. */
static void test_good(void **state UNUSED)
{
    struct program_result r =
        sh(0, "cp -r $C/sample $D/good && cd $D/good && make -s ASSAY_CI=$C && $C/gate.sh");

    assert_contains(r.out, "gate: open, 1 of 1 target well (status 0)");
    assert_contains(r.out, "report: assay-report/junit.xml\n");
    assert_contains(r.out, "report: assay-report/evidence\n");
    assert_lacks(r.out, "::");
    program_free(&r);
    assert_reports("good/assay-report");
}

/* With its fault: stopped, and for the right reason, wherever somebody looks. */
static void test_faulty(void **state UNUSED)
{
    copy_sample("faulty", "");
    struct program_result r =
        sh(1, "cd $D/faulty && make -s ASSAY_CI=$C FAULT=1 && $C/gate.sh gate.yaml --seed 7");

    assert_contains(r.out, "gate: closed, 0 of 1 target well (status 1)");
    program_free(&r);
    assert_reports("faulty/assay-report");
    assert_in_file("faulty/assay-report/junit.xml", "<failure");
    for (size_t i = 0; i < ARRAY_LEN(files) - 1; i++) { /* a badge names no check */
        char path[128];

        text_format(path, sizeof(path), "faulty/assay-report/%s", files[i]);
        assert_in_file(path, "stream.octets.nul");
    }
    try(0, NULL,
        "cd $D/faulty/assay-report && xmllint --noout junit.xml && "
        "test -x evidence/echo-server/stream.octets.nul/again.sh");

    /* Nothing of an earlier run is taken for that of one that did not come to reports. */
    try(2, "unknown key \"nonsense\"",
        "cd $D/faulty && echo nonsense: 1 >> gate.yaml && $C/gate.sh");
    try(0, NULL, "test -z \"$(ls $D/faulty/assay-report)\"");
}

/* On GitHub: annotations, a summary behind what is there already, the status as an output. */
static void test_on_github(void **state UNUSED)
{
    copy_sample("hub", "");
    struct program_result r =
        sh(1, "cd $D/hub && make -s ASSAY_CI=$C FAULT=1 && echo earlier > summary && "
              "GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=summary GITHUB_OUTPUT=output "
              "ASSAY_REPORTS='a folder' ASSAY_OPTIONS='--seed 7  --strict' $C/gate.sh gate.yaml");
    const char *stop = strstr(r.out, "::stop-commands::");
    char again[NAME_CAP];

    assert_contains(r.out, "::error title=stream.octets.nul (robust)::");
    assert_non_null(stop);
    assert_contains(stop, "seed 7");
    text_format(again, sizeof(again), "\n::%.32s::\n", stop + strlen("::stop-commands::"));
    assert_contains(stop, again);
    program_free(&r);
    char *summary = text_of("hub/summary");
    assert_true(text_starts(summary, "earlier\n"));
    assert_contains(summary, "stream.octets.nul");
    free(summary);
    char *output = text_of("hub/output");
    assert_string_equal(output, "status=1\nreports=a folder\n");
    free(output);
    assert_reports("hub/a folder");

    /* What cannot be told changes nothing of the verdict. */
    try(0, "cannot write to /dev/full",
        "cd $D/hub && make -s ASSAY_CI=$C && GITHUB_STEP_SUMMARY=/dev/full "
        "GITHUB_OUTPUT=/no/such/file $C/gate.sh");
}

#define STALE                                                                                      \
    "    waivers:\\n      - {check: stream.octets.nul, verdict: fail, reason: nothing, why: "      \
    "once}\\n"

static void test_waivers(void **state UNUSED)
{
    copy_sample("stale", STALE);
    try(1, "the waiver of stream.octets.nul no longer holds",
        "cd $D/stale && make -s ASSAY_CI=$C && $C/gate.sh");
    copy_sample("waived", STALE);
    try(0, "1 waived", "cd $D/waived && make -s ASSAY_CI=$C FAULT=1 && $C/gate.sh");
}

static void test_other_ends(void **state UNUSED)
{
    copy_sample("ends", "");
    try(3, "no verdict", "cd $D/ends && rm -f server && $C/gate.sh");
    try(0, NULL, "test -s $D/ends/assay-report/junit.xml");
    try(2, "there is no /no/assay here", "cd $D/ends && ASSAY=/no/assay $C/gate.sh");
    try(2, "no/gate.yaml", "cd $D/ends && $C/gate.sh no/gate.yaml");
    try(2, "the gate file comes before the options", "$C/gate.sh --strict");
    /* A job that is cancelled reports what was decided so far. */
    try(130, "interrupted echo-server",
        "rm -rf $D/ends && cp -r $C/sample $D/ends && cd $D/ends && make -s ASSAY_CI=$C && "
        "{ $C/gate.sh & P=$!; until [ -e assay-report/evidence ]; do sleep 0.05; done; kill $P; "
        "wait $P; S=$?; test -s assay-report/junit.xml && exit $S; }");
}

/* ---- gate.mk ---- */

static void test_make(void **state UNUSED)
{
    copy_sample("made", "");
    try(0, "nothing was run", "cd $D/made && make -j4 ASSAY_CI=$C gate-plan");
    try(0, NULL,
        "cd $D/made && test ! -e server && make -s ASSAY_CI=$C && test -x server && "
        "test ! -e assay-report");
    try(0, "gate: open", "cd $D/made && rm server && make -j4 ASSAY_CI=$C gate");
    assert_reports("made/assay-report");
    /* make has a status of its own. */
    try(2, "gate] Error 1",
        "cd $D/made && make -j4 ASSAY_CI=$C GATE_REPORTS=elsewhere GATE_OPTIONS='--seed 7' "
        "FAULT=1 gate all");
    assert_reports("made/elsewhere");
    assert_in_file("made/elsewhere/junit.xml", "stream.octets.nul");
}

/* ---- the steps of GitHub and GitLab ---- */

/* What stands in the environment of a step, its expressions replaced by the defaults. */
static void put_value(struct buf *out, struct yaml *action, const char *value)
{
    static const char begin[] = "${{ inputs.";

    if (!text_starts(value, begin)) {
        assert_lacks(value, "${{");
        buf_put_str(out, value);
        return;
    }
    value += strlen(begin);
    const char *text = text_at(action, "inputs/%.*s/default", (int)strcspn(value, " }"), value);
    assert_non_null(text);
    buf_put_str(out, text);
}

/* Writes a step of the action as GitHub runs it: its environment, its folder, its script. */
static void write_step(struct yaml *action, unsigned number)
{
    struct buf text;
    char path[NAME_CAP];
    char file[128];
    struct yaml_pair pair;

    buf_init(&text, COMMAND_MAX);
    text_format(path, sizeof(path), "runs/steps/%u/env", number);
    for (size_t i = 0; yaml_pair(action, find(action, path), i, &pair); i++) {
        buf_printf(&text, "export %s='", pair.key);
        put_value(&text, action, yaml_text(pair.value));
        buf_put_str(&text, "'\n");
    }
    const char *folder = text_at(action, "runs/steps/%u/working-directory", number);
    if (folder) {
        buf_put_str(&text, "cd '");
        put_value(&text, action, folder);
        buf_put_str(&text, "'\n");
    }
    buf_put_str(&text, text_at(action, "runs/steps/%u/run", number));
    text_format(file, sizeof(file), "%s/step-%u", program_folder, number);
    program_write_file(file, buf_text(&text));
    buf_free(&text);
}

/* The action, from the folder that GitHub would have fetched: this one. */
static void test_action_runs(void **state UNUSED)
{
    static const char environment[] =
        "export GITHUB_ACTIONS=true GITHUB_ACTION_PATH=$S/ci/templates/github GITHUB_PATH=$D/path "
        "RUNNER_TEMP=$D/runner GITHUB_STEP_SUMMARY=$D/summary GITHUB_OUTPUT=$D/output; unset ASSAY";
    struct yaml y;

    open_yaml(&y, ACTION);
    write_step(&y, 0);
    write_step(&y, 1);
    yaml_close(&y);
    copy_sample("action", "");
    struct program_result r = sh(0,
                                 "%s; cd $D/action && make -s ASSAY_CI=$C && ASSAY_BUILT=$B sh "
                                 "-e $D/step-0 && sh -e $D/step-1",
                                 environment);
    assert_lacks(r.out, "::error");
    program_free(&r);
    assert_in_file("path", "/runner/assay/bin\n");
    assert_in_file("output", "status=0\nreports=assay-report\n");
    r = sh(1, "%s; cd $D/action && make -s ASSAY_CI=$C FAULT=1 && sh -e $D/step-1", environment);
    assert_contains(r.out, "::error title=stream.octets.nul (robust)::");
    program_free(&r);
    assert_in_file("output", "status=1\n");
    assert_in_file("summary", "stream.octets.nul");
    assert_reports("action/assay-report");
}

/* The scripts of the job as GitLab runs them: one behind the other in one shell. */
static void test_gitlab_runs(void **state UNUSED)
{
    static const char *const lists[] = {".assay/before_script", ".assay/script"};
    struct buf text;
    struct yaml y;
    char file[128];
    struct yaml_pair pair;

    open_yaml(&y, GITLAB);
    buf_init(&text, COMMAND_MAX);
    for (size_t i = 0; yaml_pair(&y, find(&y, ".assay/variables"), i, &pair); i++)
        buf_printf(&text, "export %s=\"${%s-%s}\"\n", pair.key, pair.key, yaml_text(pair.value));
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        for (unsigned i = 0; text_at(&y, "%s/%u", lists[l], i); i++)
            buf_put_str(&text, text_at(&y, "%s/%u", lists[l], i));
    }
    text_format(file, sizeof(file), "%s/job", program_folder);
    program_write_file(file, buf_text(&text));
    buf_free(&text);
    yaml_close(&y);

    copy_sample("lab", "");
    try(2, "ASSAY_SOURCE, the git URL of assay, is not set",
        "ASSAY_PREFIX=$D/runner-lab sh -e $D/job");
    try(0, "gate: open",
        "export ASSAY_SOURCE=file://$D/assay ASSAY_REF=v9 ASSAY_BUILT=$B ASSAY_BUILD=\"make -s "
        "ASSAY_CI=$C\" ASSAY_PREFIX=$D/runner-lab; unset ASSAY; cd $D/lab && sh -e $D/job");
    assert_reports("lab/assay-report");
    /* A runner that has it already wants no source. */
    try(1, "gate: closed",
        "export ASSAY_BUILD=\"make -s ASSAY_CI=$C FAULT=1\" ASSAY_PREFIX=$D/runner-lab; cd $D/lab "
        "&& sh -e $D/job");
    assert_in_file("lab/assay-report/gitlab.json", "stream.octets.nul");
    /* A server that is not built is not tried. */
    try(1, NULL, "cd $D/lab && ASSAY_PREFIX=$D/runner-lab ASSAY_BUILD=false sh -e $D/job");
}

/* ---- install.sh ---- */

/* A repository of the project's with a branch and a tag, and a tarball of it. */
static void make_sources(void)
{
    try(0, NULL,
        "mkdir $D/assay && cp -r --parents Makefile ci docs exchanges reference library "
        "harness/report/report.h $D/assay && "
        "cd $D/assay && git init -q -b main && git add -A && git -c user.name=t -c user.email=t@t "
        "commit -q -m all && git tag v9 && "
        "git archive --prefix=assay-9/ -o $D/assay-9.tar.gz v9");
}

static void test_install(void **state UNUSED)
{
    /* Once more at the same place, and somewhere else by DESTDIR. */
    try(0, " is in ", "ci/templates/install.sh --built $B --prefix $D/prefix");
    try(0, "/prefix/bin is not in your PATH",
        "ci/templates/install.sh --built $B --prefix $D/prefix");
    try(0, NULL,
        "DESTDIR=$D/root PREFIX=/opt/assay ci/templates/install.sh --built $B && "
        "test -x $D/root/opt/assay/bin/assay && test -x $D/root/opt/assay/share/assay/ci/gate.sh");
    /* From wherever it comes. */
    try(0, NULL,
        "ci/templates/install.sh --built $B --prefix $D/by-git --source file://$D/assay --ref v9 "
        "&& $D/by-git/bin/assay --version");
    try(0, NULL,
        "M=$(sha256sum <$D/assay-9.tar.gz); ci/templates/install.sh --built $B --prefix $D/by-tar "
        "--source $D/assay-9.tar.gz --sha256 ${M%% *} && $D/by-tar/bin/assay --version");
    try(0, NULL,
        "ci/templates/install.sh --built $B --prefix $D/by-url --source file://$D/assay-9.tar.gz");
}

/* The build itself, of a source that is quickly built: with flags that let other compilers warn,
   in a folder of its own, and heard where it fails. */
static void test_install_builds(void **state UNUSED)
{
    try(0, NULL,
        "mkdir -p $D/stub/ci && cp ci/packages ci/install-deps $D/stub/ci && cd $D/stub && "
        "printf 'all:\\n\\t@test release-$(WERROR) = $(V)- && mkdir -p $(B) && "
        "printf \"#!/bin/sh\\\\necho stub 9\\\\n\" > $(B)/assay && chmod +x $(B)/assay\\n"
        "install: all\\n\\tinstall -D $(B)/assay $(DESTDIR)$(PREFIX)/bin/assay\\n' > Makefile");
    try(0, "stub 9 is in ",
        "V=1 MAKEFLAGS=n ci/templates/install.sh --source $D/stub --prefix $D/by-stub");
    try(0, NULL, "test -x $D/stub/build/install/assay && test -x $D/by-stub/bin/assay");
    try(1, "the build failed",
        "printf 'all:\\n\\t@echo broken; false\\n' > $D/stub/Makefile; "
        "ci/templates/install.sh --source $D/stub --prefix $D/by-stub");
}

static void test_install_refuses(void **state UNUSED)
{
    static const struct {
        const char *os, *arguments;
        int status;
        const char *said;
    } rows[] = {
        {"ID=fedora\\nPRETTY_NAME=\"Fedora 40\"", "", 2, "Fedora 40 is not known here"},
        {"ID=debian\\nVERSION_ID=\"11\"\\nPRETTY_NAME=Bullseye", "", 2, "Bullseye is too old"},
        {"ID=ubuntu\\nVERSION_ID=\"20.04\"", "", 2, "ubuntu 20.04 is too old"},
        {"ID=ubuntu\\nVERSION_ID=\"22.04\"", "", 0, " is in "},
        {"ID=debian\\nVERSION_ID=\"12\"", "", 0, " is in "},
        {"ID=debian\\nPRETTY_NAME=testing", "", 0, " is in "},
        {"ID=mint\\nID_LIKE=\"ubuntu debian\"\\nVERSION_ID=7", "", 0, " is in "},
        {"ID=fedora", "--no-packages", 0, " is in "},
        {"ID=debian", "--colour red", 2, "unknown option --colour"},
        {"ID=debian", "--source", 2, "--source needs a value"},
        {"ID=debian", "--source /no/such", 2, "/no/such is no source of assay"},
        {"ID=debian", "--source $D/good", 2, "is no source of assay: it has no ci/packages"},
        {"ID=debian", "--source /no/such.tgz", 2, "/no/such.tgz is no tarball"},
        {"ID=debian", "--source file:///no/such", 2, "file:///no/such has no HEAD"},
        {"ID=debian", "--source file://$D/assay --ref v10", 2, "has no v10"},
        {"ID=debian", "--source $D/assay-9.tar.gz --sha256 77", 2, "is another one: its sum is"},
        {"ID=debian", "--ref v9", 2, "--ref goes with a git URL"},
        {"ID=debian", "--built /no/build", 2, "/no/build has no assay that was built"},
        {"ID=debian", "--prefix '/a b'", 2, "is needed"},
        {"ID=debian", "--prefix /dev/null/assay", 1, "the files cannot be installed"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char command[512];

        text_format(command, sizeof(command),
                    "printf '%s\\n' > $D/os; ASSAY_OS_RELEASE=$D/os PREFIX=$D/prefix "
                    "ASSAY_BUILT=$B ci/templates/install.sh %s",
                    rows[i].os, rows[i].arguments);
        try(rows[i].status, rows[i].said, command);
    }
    try(2, "This script lies in none", "$C/install.sh --prefix $D/prefix");
}

/* ---- nothing stays ---- */

/* No process of the sample, and no temporary file of a script. */
static void test_nothing_left(void **state UNUSED)
{
    try(0, NULL, "ls -A $TMPDIR; test -z \"$(ls -A $TMPDIR)\"");
    try(1, NULL, "ls -l /proc/[0-9]*/exe 2>/dev/null | grep -F \" $D/\"");
}

/* ---- set-up ---- */

/* What a pipeline that runs these tests has set would be taken for what the tests set. */
static int begin(void **state)
{
    static const char *const others[] = {
        "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY",
        "GITHUB_OUTPUT",  "ASSAY_REPORTS",
        "ASSAY_OPTIONS",  "ASSAY_SOURCE",
        "ASSAY_REF",      "ASSAY_SHA256",
        "ASSAY_BUILT",    "ASSAY_BUILD",
        "ASSAY_FILE",     "ASSAY_OS_RELEASE",
        "ASSAY_PREFIX",   "ASSAY_CI",
        "PREFIX",         "DESTDIR",
        "MAKEFLAGS",      "MFLAGS",
        "MAKELEVEL",      "FAULT",
        "GATE_FILE",      "GATE_REPORTS",
        "GATE_OPTIONS",   "CFLAGS",
        "GIT_DIR",        "GIT_WORK_TREE",
        "GIT_INDEX_FILE", "V",
    };
    char text[PATH_MAX];

    program_open_folder(state);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        unsetenv(others[i]);
    setenv("D", program_folder, 1);
    setenv("S", getcwd(text, sizeof(text)) ? text : ".", 1);
    text_copy(text, sizeof(text), program_path(""));
    text[strlen(text) - 1] = '\0';
    setenv("B", text, 1);
    text_format(text, sizeof(text), "%s/prefix/share/assay/ci", program_folder);
    setenv("C", text, 1);
    text_format(text, sizeof(text), "%s/prefix/bin/assay", program_folder);
    setenv("ASSAY", text, 1);
    text_format(text, sizeof(text), "%s/t", program_folder);
    setenv("TMPDIR", text, 1); /* short: assay has socket paths in it */
    setenv("HOME", program_folder, 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    try(0, NULL, "mkdir $TMPDIR && ci/templates/install.sh --built $B --prefix $D/prefix");
    make_sources();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_lint_yaml),
        cmocka_unit_test(test_scripts_in_yaml),
        cmocka_unit_test(test_action),
        cmocka_unit_test(test_workflow),
        cmocka_unit_test(test_gitlab),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_faulty),
        cmocka_unit_test(test_on_github),
        cmocka_unit_test(test_waivers),
        cmocka_unit_test(test_other_ends),
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_action_runs),
        cmocka_unit_test(test_gitlab_runs),
        cmocka_unit_test(test_install),
        cmocka_unit_test(test_install_builds),
        cmocka_unit_test(test_install_refuses),
        cmocka_unit_test(test_nothing_left),
    };

    return cmocka_run_group_tests_name("templates", tests, begin, program_close_folder);
}
