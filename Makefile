# assay: one Makefile for everything; `make help` lists what a person may type.
#
# Each variant is built in a folder of its own: make V=release (gcc, the default), V=asan (clang
# with the address and undefined-behaviour sanitizers), V=tsan, V=cov. New files in the source
# folders are found by wildcard and need no line here.

V       ?= release
B       := build/$(V)
PREFIX  ?= /usr/local
DESTDIR ?=
WERROR  ?= -Werror
JOBS    ?= $(shell nproc)

CC_release  := gcc
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CC_asan     := clang
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CC_tsan     := clang
OPT_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CC_cov      := clang
OPT_cov     := -O0 -g -fprofile-instr-generate -fcoverage-mapping
# The fuzzers: instrumented for libFuzzer or AFL++, with the sanitizers and without (docs/fuzzing.md).
CC_fuzz     := clang
OPT_fuzz    := -O2 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-sanitize=null,object-size \
	-fno-omit-frame-pointer
CC_speed    := clang
OPT_speed   := -O2 -g -fsanitize=fuzzer-no-link
CC_afl      := afl-clang-fast
OPT_afl     := -O2 -g
CC          := $(CC_$(V))
OPT         := $(OPT_$(V))
OBJCOPY     ?= objcopy
ifeq ($(OPT),)
$(error V=$(V) is not known: release, asan, tsan, cov, fuzz, speed or afl)
endif

WARN_BOTH := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wundef -Wwrite-strings -Wcast-qual -Wpointer-arith -Wformat=2 \
	-Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference -Wcast-align -Wdouble-promotion \
	-Wredundant-decls
WARN_gcc   := -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init
WARN_clang := -Wmissing-variable-declarations -Wunreachable-code -Wcomma -Wassign-enum \
	-Wextra-semi -Wconditional-uninitialized
WARN       := $(WARN_BOTH) $(WARN_$(CC)) $(WERROR)
CFLAGS     := -std=c11 -D_GNU_SOURCE -I. -I$(B)/gen -include harness/base/banned.h $(OPT) $(WARN)
LIBS       := -ljansson -lyaml

# Tests read reports with libxml2, whose headers Debian keeps in a folder of their own.
$(B)/tests/%.o: private CFLAGS += -isystem /usr/include/libxml2

# One test compares our XDR with that of libtirpc; nothing else is linked with it.
$(B)/tests/test_tirpc.o: private CFLAGS += -isystem /usr/include/tirpc
LIBS_test_tirpc := -ltirpc

# What is built from what. reference/* and conformance are programs; harness is a library. What people
# type goes into bin, the other programs beside it.
harness_src     := $(sort $(wildcard harness/*/*.c))
conformance_src := $(sort $(wildcard conformance/*.c conformance/*/*.c))
library_src     := $(sort $(wildcard library/*.c))
tests_src       := $(sort $(wildcard tests/test_*.c))
tests_programs  := prove bench
tests_lib_src   := $(sort $(filter-out $(tests_src) $(tests_programs:%=tests/%.c),$(wildcard tests/*.c)))
reference_dirs  := $(patsubst %/main.c,%,$(sort $(wildcard reference/*/main.c)))
clients         := assay-sender assay-sendto
programs        := $(patsubst reference/%,assay-%,$(reference_dirs)) $(clients) assay-fuzz
typed           := assay-msg $(clients)

obj = $(patsubst %.c,$(B)/%.o,$(1))
lib             := $(B)/libassay.a
runner_obj      := $(filter-out $(B)/conformance/main.o,$(call obj,$(conformance_src)))
library         := $(B)/lib/libassay.a
base_net_obj    := $(call obj,$(wildcard harness/base/*.c harness/net/*.c))
test_bins       := $(patsubst tests/%.c,$(B)/tests/%,$(tests_src))
test_programs   := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard $(tests_programs:%=tests/%.c)))
all_obj         := $(call obj,$(harness_src) $(conformance_src) $(library_src) \
	$(wildcard tests/*.c tests/*/*.c reference/*/*.c fuzz/*/*.c))

.PHONY: all help demo test tests prove stability gate bench fuzzers rigs fuzz afl cover lint docs worth format install \
	uninstall clean FORCE
.DEFAULT_GOAL := all

all: $(B)/assay $(programs:%=$(B)/%) $(library)

help:
	@ci/help

# The set-up is part of the first command: a fresh machine needs git, make and apt only.
demo:
	@ci/install-deps build
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@ci/demo $(B)

test:
	@ci/install-deps build test
	@ci/run-tests

lint:
	@ci/install-deps build test lint
	@$(MAKE) --no-print-directory -s build/release/gen/msg.h build/release/gen/report_html_assets.h build/release/gen/again_lines.h
	@ci/lint

docs: all $(B)/tests/prove
	@$(B)/assay list --markdown > docs/checks.md
	@$(B)/assay fuzz list --markdown > docs/fuzz-targets.md
	@$(B)/tests/prove $(B) --page > docs/proof.md

worth: all
	@ci/measure $(B) > conformance/runner/worth.def.new
	@mv conformance/runner/worth.def.new conformance/runner/worth.def

format:
	@ci/install-deps lint
	clang-format -i $$(git ls-files '*.c' '*.h')

prove:
	@ci/install-deps build test
	@$(MAKE) --no-print-directory -s -j$(JOBS) V=release all tests
	@build/release/tests/prove build/release

stability:
	@ci/install-deps build test
	@$(MAKE) --no-print-directory -s -j$(JOBS) V=release all
	@tests/stability build/release $(or $(ROUNDS),10)

gate:
	@ci/install-deps build test
	@$(MAKE) --no-print-directory -s -j$(JOBS) V=release all
	@tests/with-rpcbind 'build/release/assay gate ci/self.yaml --quiet'

# WHAT='suites throughput calls proxy fuzz' measures some of it.
bench:
	@ci/install-deps build test fuzz
	@$(MAKE) --no-print-directory -s -j$(JOBS) V=release all build/release/tests/bench
	@for v in speed fuzz afl; do $(MAKE) --no-print-directory -s -j$(JOBS) V=$$v fuzzers || exit; done
	@build/release/tests/bench build/release $(WHAT)

# Fuzzing for people: make fuzz-TARGET [T=60] [ENGINE=libfuzzer|afl], make fuzz for all of them.
T      ?= 60
ENGINE ?= libfuzzer
variant_of_libfuzzer := fuzz
variant_of_afl       := fuzz afl
fuzzers_of_engine = $(foreach v,$(variant_of_$(ENGINE)),\
	$(MAKE) --no-print-directory -s -j$(JOBS) V=$(v) fuzzers &&) \
	$(MAKE) --no-print-directory -s -j$(JOBS) V=release all

fuzz-%:
	@ci/install-deps build fuzz
	@$(fuzzers_of_engine)
	@ci/fuzz $(ENGINE) $(T) $*

fuzz: T := 10
fuzz:
	@ci/install-deps build fuzz
	@$(fuzzers_of_engine)
	@ci/fuzz $(ENGINE) $(T) $(subst _,-,$(fuzz_targets))

afl:
	@ci/install-deps build fuzz
	@$(MAKE) --no-print-directory -s -j$(JOBS) V=afl fuzzers
	@echo "build/afl/fuzz-TARGET: run them with make fuzz-TARGET ENGINE=afl, or under afl-fuzz"

# What the corpus reaches of our own code; libtirpc and what is faulty on purpose are not ours.
own_targets = $(filter-out tirpc-% planted,$(subst _,-,$(fuzz_targets)))
cover:
	@ci/install-deps build fuzz
	@$(MAKE) --no-print-directory -s -j$(JOBS) V=cov $(own_targets:%=build/cov/fuzz-%)
	@ci/cover build/cov $(own_targets)

tests: $(test_bins) $(test_programs) $(B)/tests/assay-inject

$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(LIBS) $(tirpc_lib)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(LIBS) $(tirpc_lib)' > $@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@echo "  CC   $@"
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(lib): $(call obj,$(harness_src))
	@rm -f $@
	@$(AR) rcs $@ $^

# The style and the script of the report as a page become arrays, and their digests the names by
# which the page's policy lets them run.
html_parts := $(addprefix harness/report/html/,report.css report.js)
html_array = od -An -v -tx1 $(1) | sed 's/ \(..\)/0x\1,/g'
html_digest = sha256sum < $(1) | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64
$(B)/gen/report_html_assets.h: $(html_parts)
	@mkdir -p $(@D)
	@{ echo '/* Made from $^. */'; \
	echo 'static const unsigned char html_style[] = {'; $(call html_array,$(word 1,$^)); echo '};'; \
	echo 'static const unsigned char html_script[] = {'; $(call html_array,$(word 2,$^)); echo '};'; \
	echo "#define HTML_STYLE_DIGEST \"$$($(call html_digest,$(word 1,$^)))\""; \
	echo "#define HTML_SCRIPT_DIGEST \"$$($(call html_digest,$(word 2,$^)))\""; } > $@.new
	@mv $@.new $@
$(B)/harness/report/report_html.o: | $(B)/gen/report_html_assets.h

$(B)/assay: $(call obj,$(conformance_src)) $(lib)
	@echo "  LINK $@"
	@$(CC) $(OPT) $^ $(LIBS) -o $@

# The library that is installed is one object: what it needs of the runner and the harness is linked
# in, and all names but those of its header are made local, so that none of them meets a name of the
# program that uses it (check_..., buf_..., or cmocka's).
$(B)/librunner.a: $(runner_obj)
	@rm -f $@
	@$(AR) rcs $@ $^

$(library): $(call obj,$(library_src)) $(B)/librunner.a $(lib)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(LD) -r -o $(@D)/assay.o $(call obj,$(library_src)) --start-group $(B)/librunner.a $(lib) \
		--end-group
	@$(OBJCOPY) --wildcard --strip-debug --keep-global-symbol='assay_*' $(@D)/assay.o
	@rm -f $@
	@$(AR) rcs $@ $(@D)/assay.o

# References and twins stand on harness/base and harness/net alone; one program per folder. What a
# program shares with others is named in uses_NAME, what it links in libs_NAME.
uses_echo        := reference/serve
uses_twins       := reference/serve
uses_msgprog     := reference/setup reference/store reference/serve
uses_msgprog-own := reference/setup reference/store reference/wire reference/serve
uses_msg         := reference/setup reference/store reference/wire reference/serve
uses_twins-rpc   := reference/store reference/wire reference/serve
uses_twins-clients-rpc := reference/wire reference/serve
libs_twins-clients := -pthread
made_msgprog     := $(B)/gen/msg_svc.o
made_msg         := $(B)/gen/msg_clnt.o
libs_msgprog     := -ltirpc -pthread
libs_msg         := -ltirpc -pthread
define reference_program
$(B)/assay-$(notdir $(1)): $(call obj,$(wildcard $(1)/*.c $(uses_$(notdir $(1)):%=%/*.c))) \
		$(made_$(notdir $(1))) $(base_net_obj)
	@echo "  LINK $$@"
	@$(CC) $(OPT) $$^ $(libs_$(notdir $(1))) -o $$@
endef
$(foreach d,$(reference_dirs),$(eval $(call reference_program,$(d))))

# The clients share a folder: each has its main in a file of its own name.
$(clients:%=$(B)/%): $(B)/assay-%: $(B)/reference/clients/%.o $(B)/reference/clients/options.o \
		$(base_net_obj)
	@echo "  LINK $@"
	@$(CC) $(OPT) $^ -o $@

# The stubs of msg.x come from rpcgen at build time. They are not ours, so our warnings do not apply
# to them. rpcgen writes into no file that is there already.
tirpc := -isystem /usr/include/tirpc
# libtirpc casts its xdr_ functions to one type with a variable list of arguments, and so must we.
$(B)/reference/msgprog/%.o $(B)/reference/msg/%.o: CFLAGS += $(tirpc) -Wno-cast-function-type
$(call obj,$(wildcard reference/msgprog/*.c reference/msg/*.c)): | $(B)/gen/msg.h
rpcgen = mkdir -p $(@D) && rm -f $@ && cd $(dir $<) && rpcgen $(1) -o $(abspath $@) $(notdir $<)

$(B)/gen/msg.h: reference/msgprog/msg.x
	@$(call rpcgen,-h)

$(B)/gen/msg_svc.c: reference/msgprog/msg.x
	@$(call rpcgen,-m)

$(B)/gen/msg_clnt.c: reference/msgprog/msg.x
	@$(call rpcgen,-l)

fuzz_x := shapes pairs
$(fuzz_x:%=$(B)/gen/%.h): $(B)/gen/%.h: fuzz/tirpc/%.x
	@$(call rpcgen,-h)

$(fuzz_x:%=$(B)/gen/%_xdr.c): $(B)/gen/%_xdr.c: fuzz/tirpc/%.x
	@$(call rpcgen,-c)

$(B)/gen/pairs_svc.c: fuzz/tirpc/pairs.x
	@$(call rpcgen,-m)

$(B)/gen/shapes_xdr.o: $(B)/gen/shapes.h
$(B)/gen/pairs_svc.o $(B)/gen/pairs_xdr.o: $(B)/gen/pairs.h
$(B)/gen/%.o: $(B)/gen/%.c $(B)/gen/msg.h $(B)/flags
	@echo "  CC   $@"
	@$(CC) -std=gnu11 -D_GNU_SOURCE $(tirpc) -I$(B)/gen $(OPT) -w -c $< -o $@

# Fuzzing: the archive of what the targets stand on, one fuzzer for each target, and the program
# assay-fuzz with all of them. TIRPC names another libtirpc: an archive, or a prefix with lib/ in it;
# TIRPC_LIBS is what that one needs besides.
# The parts of an engine's fuzzer and of assay-fuzz are in no archive: one of them is a main.
fuzz_src     := $(sort $(filter-out $(addprefix fuzz/engine/,one.c main.c fuzzer.c mutator.c afl.c),$(wildcard fuzz/*/*.c)))
# What an engine calls stands beside the archive: no program but a fuzzer has it.
engine_src   := fuzz/engine/fuzzer.c fuzz/engine/mutator.c
fuzz_targets := $(patsubst fuzz/target/%.c,%,$(sort $(wildcard fuzz/target/*.c)))
fuzzers      := $(foreach t,$(subst _,-,$(fuzz_targets)),$(B)/fuzz-$(t))
tirpc_prefix  = -L$(TIRPC)/lib -Wl,-rpath,$(TIRPC)/lib -ltirpc
tirpc_lib    := $(if $(TIRPC),$(if $(filter %.a,$(TIRPC)),$(TIRPC),$(tirpc_prefix)),-ltirpc) $(TIRPC_LIBS)
fuzz_made    := $(addprefix $(B)/gen/,msg_svc.o shapes_xdr.o pairs_svc.o pairs_xdr.o)
ENGINE_fuzz  := -fsanitize=fuzzer
ENGINE_speed := -fsanitize=fuzzer
ENGINE_afl   := -fsanitize=fuzzer
ENGINE_cov   := -fsanitize=fuzzer
$(call obj,$(fuzz_src) $(engine_src)): CFLAGS += $(tirpc) -Wno-cast-function-type
$(call obj,$(fuzz_src)): | $(addprefix $(B)/gen/,msg.h shapes.h pairs.h)
# What judges is no place to be discovered: it is compiled without coverage, and so is the harness
# where a target does not attack it. The model and the targets count.
BLIND_fuzz  := -fno-sanitize=fuzzer-no-link,undefined
BLIND_speed := -fno-sanitize=fuzzer-no-link
BLIND_CC    := $(subst afl-clang-fast,clang,$(CC))
blind_src   := $(filter-out fuzz/oracle/model.c fuzz/engine/provoke.c, \
	$(foreach room,oracle engine case mutate,$(wildcard fuzz/$(room)/*.c)))
$(call obj,$(blind_src)): CFLAGS += $(BLIND_$(V))
$(call obj,$(blind_src)): CC = $(BLIND_CC)
# The comparisons that the second sanitizer adds to the model would be taken for its own.
$(B)/fuzz/oracle/model.o: CFLAGS += -fno-sanitize=undefined
$(B)/blind/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@echo "  CC   $@"
	@$(BLIND_CC) $(CFLAGS) $(BLIND_$(V)) -MMD -MP -c $< -o $@
$(B)/libblind.a: $(harness_src:%.c=$(B)/blind/%.o)
	@rm -f $@
	@$(AR) rcs $@ $^
$(B)/blind/harness/report/report_html.o: | $(B)/gen/report_html_assets.h

# The parts of our own server that the target msg-own attacks, under names of their own.
served_obj := $(patsubst %.c,$(B)/served/%.o,reference/msgprog-own/service.c \
	$(addprefix reference/wire/,words.c call.c record.c))
served_names := -include fuzz/served/names.h
$(call obj,$(wildcard fuzz/served/*.c)): CFLAGS += $(served_names)
$(served_obj): $(B)/served/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@echo "  CC   $@"
	@$(CC) $(CFLAGS) $(served_names) -MMD -MP -c $< -o $@

# libtirpc has no instrumentation. Where our codec reads the same octets, its coverage leads.
compared := tirpc-xdr tirpc-message tirpc-bind tirpc-auth
$(B)/libfuzz.a: $(call obj,$(fuzz_src)) $(served_obj) $(fuzz_made)
	@rm -f $@
	@$(AR) rcs $@ $^

$(B)/fuzz/one/%.o: fuzz/engine/one.c $(B)/flags fuzz/targets.def
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -DFUZZ_ONE=fuzz_target_$(subst -,_,$*) -c $< -o $@

fuzz_names := $(subst _,-,$(fuzz_targets))
unseen     := planted $(filter-out $(compared),$(filter tirpc-%,$(fuzz_names)))
define link_fuzzer
	@echo "  LINK $@"
	@$(CC) $(OPT) $(ENGINE_$(V)) $^ $(LIBS) $(tirpc_lib) -o $@
endef
$(unseen:%=$(B)/fuzz-%): $(B)/fuzz-%: $(B)/fuzz/one/%.o $(call obj,$(engine_src)) $(B)/libfuzz.a \
		$(B)/libblind.a
	$(link_fuzzer)
$(patsubst %,$(B)/fuzz-%,$(filter-out $(unseen),$(fuzz_names))): $(B)/fuzz-%: $(B)/fuzz/one/%.o \
		$(call obj,$(engine_src)) $(B)/libfuzz.a $(lib)
	$(link_fuzzer)

rigs      := $(patsubst tests/rigs/%.c,$(B)/rigs/fuzz-rig-%,$(filter-out tests/rigs/decode.c,$(wildcard tests/rigs/*.c)))

# A variant without an engine has no fuzzers: those with the sanitizers are meant.
ifeq ($(filter fuzz speed afl cov,$(V)),)
fuzzers rigs:
	@ci/install-deps build fuzz
	@$(MAKE) --no-print-directory -s -j$(JOBS) V=fuzz $@
else
fuzzers: $(fuzzers) $(if $(filter afl,$(V)),$(B)/fuzz-mutate.so)
rigs: $(rigs) $(B)/rigs/fuzz-rig-naked
endif

# The mutator for AFL++, which loads it into itself: not instrumented, and without a target.
mutate_src    := $(wildcard fuzz/mutate/*.c) fuzz/planted/plant_grammar.c
mutate_so_src := $(mutate_src) $(wildcard harness/base/*.c) fuzz/engine/afl.c
$(B)/fuzz-mutate.so: $(mutate_so_src) $(wildcard fuzz/mutate/*.h fuzz/mutate/*.def) $(B)/flags
	@echo "  LINK $@"
	@$(BLIND_CC) $(CFLAGS) -fPIC -shared -Wl,-Bsymbolic,-z,defs $(mutate_so_src) -o $@

# Rigs that assay fuzz doctor has to refuse. One of them has no sanitizer in it anywhere.
rig_parts := $(B)/tests/rigs/decode.o $(B)/fuzz/engine/fuzzer.o $(B)/libfuzz.a $(B)/libblind.a
$(rigs): $(B)/rigs/fuzz-rig-%: $(B)/fuzz/one/rig-%.o $(B)/tests/rigs/%.o $(rig_parts)
	@mkdir -p $(@D)
	@$(CC) $(OPT) $(ENGINE_$(V)) $^ $(LIBS) $(tirpc_lib) -o $@

naked_src := $(addprefix tests/rigs/,decode.c sound.c) fuzz/engine/one_case.c fuzz/engine/examine.c fuzz/engine/provoke.c \
	fuzz/engine/fuzzer.c $(addprefix fuzz/oracle/,finding.c meter.c watch.c) $(wildcard harness/base/*.c)
$(B)/rigs/fuzz-rig-naked: fuzz/engine/one.c $(naked_src) $(B)/flags
	@mkdir -p $(@D)
	@$(CC) $(filter-out $(OPT),$(CFLAGS)) -O1 -fsanitize=fuzzer -DFUZZ_ONE=fuzz_target_rig_sound \
		$(filter %.c,$^) -o $@

# All targets without an engine. Its name in the build is that of a reference: assay looks for it
# beside itself.
$(B)/assay-fuzz: $(B)/fuzz/engine/main.o $(B)/libfuzz.a $(lib)
	@echo "  LINK $@"
	@$(CC) $(OPT) $^ $(LIBS) $(tirpc_lib) -o $@
$(B)/fuzz/engine/main.o: CFLAGS += $(tirpc)

# The program that again.c in an evidence folder is, but for its data, as an array of lines.
$(B)/conformance/evidence/again.o: $(B)/gen/again_lines.h
$(B)/gen/again_lines.h: conformance/evidence/again.in
	@mkdir -p $(@D)
	@{ echo '/* Made of $<. */' && echo 'static const char *const again_lines[] = {' && \
		sed 's/[\\"]/\\&/g; s/.*/    "&",/' $< && echo '};'; } > $@

# What is tested by itself: the message store of the references, the rows of parsers, the mutator.
tested_src := $(wildcard reference/store/*.c fuzz/parser/*.c) $(mutate_src) fuzz/oracle/finding.c fuzz/case/case.c
$(B)/libtests.a: $(call obj,$(tests_lib_src) $(tested_src) $(library_src)) $(runner_obj)
	@rm -f $@
	@$(AR) rcs $@ $^

$(test_bins): $(B)/tests/%: $(B)/tests/%.o $(B)/libtests.a $(lib)
	@echo "  LINK $@"
	@$(CC) $(OPT) $(filter-out $(B)/libfuzz.a,$^) $(fuzz_libs) $(LIBS) -lcmocka -lxml2 $(LIBS_$*) -o $@

# Tests of the fuzz targets hold all of them, and the libtirpc that they attack.
fuzz_tests := $(filter $(B)/tests/test_fuzz_%,$(test_bins))
$(fuzz_tests): $(B)/libfuzz.a
$(fuzz_tests): fuzz_libs = $(B)/libfuzz.a $(lib) $(LIBS) $(tirpc_lib)
$(fuzz_tests:%=%.o): private CFLAGS += $(tirpc) -Wno-cast-function-type
$(fuzz_tests:%=%.o): | $(B)/gen/msg.h

$(test_programs): $(B)/tests/%: $(B)/tests/%.o $(B)/libtests.a $(lib)
	@echo "  LINK $@"
	@$(CC) $(OPT) $^ $(LIBS) -o $@

# A copy of assay of which any call to the system can be made to fail (tests/inject/inject.c).
wrapped := malloc calloc realloc strdup socket accept4 fork read write pipe pipe2 mmap send sendmsg \
	sendto recv recvmsg recvfrom epoll_create1 epoll_ctl
$(B)/tests/assay-inject: $(call obj,$(conformance_src)) $(B)/tests/inject/inject.o $(lib)
	@echo "  LINK $@"
	@$(CC) $(OPT) $^ $(LIBS) $(wrapped:%=-Wl,--wrap=%) -o $@

# What a program needs that links the library.
headers := assay.h assay_cmocka.h
version  = $(shell sed -n 's/^.define REPORT_VERSION "\(.*\)"/\1/p' harness/report/report.h)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/assay
	install -d $(DESTDIR)$(PREFIX)/share/assay/exchanges $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(B)/assay $(DESTDIR)$(PREFIX)/bin/assay
	install -m 755 $(typed:%=$(B)/%) $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(patsubst %,$(B)/%,$(filter-out $(typed),$(programs))) \
		$(DESTDIR)$(PREFIX)/libexec/assay/
	install -m 644 exchanges/*.exchange $(DESTDIR)$(PREFIX)/share/assay/exchanges/
	install -m 644 docs/report.schema.json $(DESTDIR)$(PREFIX)/share/assay/report.schema.json
	install -d $(DESTDIR)$(PREFIX)/share/assay/ci/github $(DESTDIR)$(PREFIX)/share/assay/ci/sample
	install -m 755 $(wildcard ci/templates/*.sh) $(DESTDIR)$(PREFIX)/share/assay/ci/
	install -m 644 $(addprefix ci/templates/,README.md gate.mk gitlab.yml) \
		$(DESTDIR)$(PREFIX)/share/assay/ci/
	install -m 644 $(wildcard ci/templates/github/*.yml) $(DESTDIR)$(PREFIX)/share/assay/ci/github/
	install -m 644 $(addprefix ci/templates/sample/,Makefile server.c gate.yaml) \
		$(DESTDIR)$(PREFIX)/share/assay/ci/sample/
	install -m 644 docs/assay.1 $(DESTDIR)$(PREFIX)/share/man/man1/assay.1
	install -m 644 docs/assay.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/assay
	install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 $(headers:%=library/%) $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(library) $(DESTDIR)$(PREFIX)/lib/libassay.a
	sed 's,@PREFIX@,$(PREFIX),; s,@VERSION@,$(version),' library/assay.pc.in \
		> $(DESTDIR)$(PREFIX)/lib/pkgconfig/assay.pc
	chmod 644 $(DESTDIR)$(PREFIX)/lib/pkgconfig/assay.pc

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/assay $(typed:%=$(DESTDIR)$(PREFIX)/bin/%)
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/assay.1
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/assay
	rm -f $(headers:%=$(DESTDIR)$(PREFIX)/include/%) $(DESTDIR)$(PREFIX)/lib/libassay.a
	rm -f $(DESTDIR)$(PREFIX)/lib/pkgconfig/assay.pc
	rm -rf $(DESTDIR)$(PREFIX)/libexec/assay $(DESTDIR)$(PREFIX)/share/assay

clean:
	rm -rf build

FORCE:

-include $(all_obj:.o=.d) $(served_obj:.o=.d)
