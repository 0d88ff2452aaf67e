# A fragment to include in a Makefile: `make gate` runs the gate, `make gate-plan` prints what it
# would run. Say what has to be built before:   gate: server
#
#   ASSAY         the program                   (assay)
#   GATE_FILE     the gate file                 (gate.yaml)
#   GATE_REPORTS  the folder of the reports     (assay-report)
#   GATE_OPTIONS  more options of `assay gate`  ()
#
# gate.sh lies beside this file. make itself ends with 2 whatever the gate's status is; it names
# the status in its last line.
ASSAY        ?= assay
GATE_FILE    ?= gate.yaml
GATE_REPORTS ?= assay-report
GATE_OPTIONS ?=

gate_default := $(.DEFAULT_GOAL)
gate_script  := $(dir $(lastword $(MAKEFILE_LIST)))gate.sh

.PHONY: gate gate-plan
gate:
	@ASSAY='$(ASSAY)' ASSAY_REPORTS='$(GATE_REPORTS)' ASSAY_OPTIONS='$(GATE_OPTIONS)' \
		'$(gate_script)' '$(GATE_FILE)'

gate-plan:
	@'$(ASSAY)' gate '$(GATE_FILE)' $(GATE_OPTIONS) --dry-run

# What is made by a plain `make` stays what it was.
.DEFAULT_GOAL := $(gate_default)
