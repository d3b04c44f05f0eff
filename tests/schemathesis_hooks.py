"""What schemathesis cannot read in a JSON Schema, and the specification says nevertheless.

Parameters of one call may exclude or need each other. An operation says so in `x-dependencies`, rules in the
inter-parameter dependency language (IDL4OAS). Here is what both sides of such a rule come to: a call that breaks one is
refused, so its refusal is no fault; and a call that breaks one and is answered is a fault.

A query is text: what schemathesis makes wrong in a value may be right as it is sent.

Cursors and marks, and towns that are the centre of a circle, are taken only if an answer gave them: their `format` says
so.
"""

import re
from urllib.parse import parse_qs, urlsplit

import schemathesis

GIVEN_BY_US = ("curseur", "marque", "commune")
# Members and headers in which answers give them.
GIVING = ("curseur_suivant", "marque", "commune", "code_insee", "code_postal")
MARK_HEADER = "annuaire-marque"

issued = set()


class Given:
    """One parameter of a call: true when given, equal to each of its values, a number when multiplied."""

    def __init__(self, values, default=None):
        self.values = values
        self.default = default

    def __bool__(self):
        return bool(self.values)

    def __eq__(self, word):
        return word in self.values

    def __mul__(self, other):
        return self.number() * other.number()

    def number(self):
        try:
            return int(self.values[0]) if self.values else self.default or 0
        except ValueError:
            return 0


def as_python(rule):
    """`IF a THEN b;` and the like, as an expression of Python."""
    rule = rule.strip().rstrip(";")
    rule = re.sub(r"^IF (.+) THEN (.+)$", r"not (\1) or (\2)", rule)
    return re.sub(r"\b(AND|OR|NOT)\b", lambda word: word[0].lower(), rule)


FUNCTIONS = {
    "AllOrNone": lambda *given: all(given) or not any(given),
    "ZeroOrOne": lambda *given: sum(map(bool, given)) <= 1,
    "__builtins__": {},
}


def parameters(operation):
    return [one for one in operation.definition.raw.get("parameters", []) if "name" in one]


def is_broken(operation, case, response):
    """Whether the call that was sent breaks a rule of its operation."""
    rules = operation.definition.raw.get("x-dependencies", [])
    query = parse_qs(urlsplit(response.request.url).query)
    given = {}
    for one in parameters(operation):
        values = [value.strip() for value in query.get(one["name"], [])]
        if one["in"] == "path":
            values = [str((case.path_parameters or {}).get(one["name"]))]
        default = one.get("schema", {}).get("default")
        given[one["name"]] = Given([value for value in values if value], default)
    return any(not eval(as_python(rule), FUNCTIONS, given) for rule in rules)


def was_never_issued(operation, response):
    """Whether what is refused is of those that an answer must have given, and none gave it."""
    try:
        refused = response.json().get("parametre")
    except ValueError:
        return False
    schema = {one["name"]: one.get("schema", {}) for one in parameters(operation)}.get(refused, {})
    if schema.get("items", schema).get("format") not in GIVEN_BY_US:
        return False
    query = parse_qs(urlsplit(response.request.url).query)
    return not issued.intersection(query.get(refused, []))


def fits(schema, text):
    """Whether a text of a query is a value of a schema. An empty one asks for nothing."""
    kind = schema.get("type")
    if kind == "array":
        return fits(schema["items"], text)
    if text == "" or "enum" in schema:
        return text in schema.get("enum", [""])
    if kind == "string":
        return len(text) <= schema["maxLength"]
    return False


def leaves_no_trace(operation, case, response):
    """Whether what was made wrong is gone from what was sent: in a query `{}` is empty, and `false` is a text."""
    query = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    schemas = {one["name"]: one["schema"] for one in parameters(operation) if one["in"] == "query"}
    known = all(name in schemas for name in query)
    return known and not response.request.body and all(
        fits(schemas[name], text) and len(texts) <= schemas[name].get("maxItems", 1)
        for name, texts in query.items()
        for text in texts
    )


@schemathesis.hook
def after_call(context, case, response):
    issued.add(response.headers.get(MARK_HEADER, [None])[0])
    if response.headers.get("content-type", [""])[0].startswith("application/json"):
        collect(response.json())


def collect(value):
    if isinstance(value, dict):
        issued.update(value[name] for name in GIVING if name in value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        collect(item)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    checks = getattr(type(failure), "checks", ())
    if "positive_data_acceptance" in checks:
        return not (is_broken(case.operation, case, response) or was_never_issued(case.operation, response))
    if "negative_data_rejection" in checks:
        return not leaves_no_trace(case.operation, case, response)
    return True


@schemathesis.check
def what_parameters_exclude_is_refused(context, response, case):
    answered = response.status_code < 400 and case.method.lower() == case.operation.method.lower()
    assert not (answered and is_broken(case.operation, case, response)), "a rule of x-dependencies is broken"
