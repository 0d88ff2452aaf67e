"""Reads SARIF into the classes that python3-sarif-python-om was generated from the schema of OASIS:
a member that the standard does not know, or one that it wants and that is missing, is an error.
Usage: sarif_read.py FILE; prints how many runs, rules, results and notifications there are."""
import json
import sys

import attr
import sarif_om

# The class of what stands in a member, where it is not named alike.
CLASSES = {
    "runs": "Run", "driver": "ToolComponent", "rules": "ReportingDescriptor", "help": "MultiformatMessageString",
    "shortDescription": "MultiformatMessageString", "fullDescription": "MultiformatMessageString",
    "defaultConfiguration": "ReportingConfiguration", "automationDetails": "RunAutomationDetails",
    "invocations": "Invocation", "toolExecutionNotifications": "Notification", "results": "Result",
    "associatedRule": "ReportingDescriptorReference", "locations": "Location", "suppressions": "Suppression",
    "logicalLocations": "LogicalLocation",
}
FREE = {"properties", "partialFingerprints"}  # any members
seen = {}


def read(name, value):
    if isinstance(value, list):
        return [read(name, entry) for entry in value]
    if not isinstance(value, dict) or name in FREE:
        return value
    kind = getattr(sarif_om, CLASSES.get(name, name[0].upper() + name[1:]))
    words = {field.metadata["schema_property_name"]: field.name for field in attr.fields(kind)}
    seen[kind.__name__] = seen.get(kind.__name__, 0) + 1
    return kind(**{words[member]: read(member, part) for member, part in value.items()})


with open(sys.argv[1], encoding="utf-8") as file:
    log = read("sarifLog", json.load(file))
for run in log.runs:
    rules = run.tool.driver.rules
    for result in run.results:
        assert rules[result.rule_index].id == result.rule_id
    for notification in run.invocations[0].tool_execution_notifications:
        rule = notification.associated_rule
        assert rule is None or rules[rule.index].id == rule.id
print(*(seen.get(kind, 0) for kind in ("Run", "ReportingDescriptor", "Result", "Notification")))
