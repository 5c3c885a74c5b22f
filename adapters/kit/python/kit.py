"""What every adapter in Python shares: the contract's three functions over a small class, and helpers.

Lives here: `Adapter`, builders for requests, readers for replies, faults, money, rules for parameters.
Never lives here: anything of one provider, a clock, randomness, a socket.
Start reading at `Adapter`; the contract is wit/adapter.wit.
"""

import json
import traceback
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import wit_world
from wit_world.imports import log, types

CLASSES = {
    "invalid-task": types.FaultClass_InvalidTask,
    "unsolvable": types.FaultClass_Unsolvable,
    "not-supported": types.FaultClass_NotSupported,
    "throttled": types.FaultClass_Throttled,
    "no-capacity": types.FaultClass_NoCapacity,
    "credential-rejected": types.FaultClass_CredentialRejected,
    "credential-out-of-funds": types.FaultClass_CredentialOutOfFunds,
    "provider-down": types.FaultClass_ProviderDown,
    "in-doubt": types.FaultClass_InDoubt,
}
CHARGED = {"yes": types.Charged.YES, "no": types.Charged.NO, "unknown": types.Charged.UNKNOWN}


class Adapter(wit_world.WitWorld):
    """The contract's functions for a provider. A subclass named `WitWorld` has

    - `manifest`: who the provider is;
    - `submit(task, parameters)`, `poll(tasks)`, and those of the abilities (`balance()`, `market()`, `report(report)`,
      `cancel(task)`, `look_up(attempt_id)`): each answers with a step, mostly `send(…)`;
    - one method `read_NAME(response, state)` for each kind of request, by the name in `send`, and `resume_NAME(state)` for
      each kind of wait.

    To fail, raise a `Fault`.
    """

    def describe(self):
        return self.manifest

    def begin(self, operation):
        return _ended(lambda: self._begun(operation))

    def advance(self, state, reply):
        kept = json.loads(state)
        name, state = kept["name"], kept["state"]
        if isinstance(reply, types.Reply_Waited):
            return _ended(lambda: getattr(self, f"resume_{name}")(state))
        return _ended(lambda: getattr(self, f"read_{name}")(Response(reply.value), state))

    def _begun(self, operation):
        match operation:
            case types.Operation_Submit(task):
                return self.submit(task, json.loads(task.parameters))
            case types.Operation_Poll(tasks):
                return self.poll(tasks)
            case types.Operation_LookUp(attempt_id):
                return self.look_up(attempt_id)
            case types.Operation_Balance():
                return self.balance()
            case types.Operation_Market():
                return self.market()
            case types.Operation_Report(report):
                return self.report(report)
            case types.Operation_Cancel(task):
                return self.cancel(task)


def _ended(turn):
    try:
        return turn()
    except Fault as raised:
        return types.Step_Failed(raised.record)
    except Exception:
        # A mistake in the adapter: the host sees a crash, and who asks for notes sees why.
        log.note(log.Level.WARN, traceback.format_exc())
        raise


# ---------------------------------------------------------------- steps


def send(request, name, state=None):
    """Sends a request; `read_NAME` is called with the response and `state`, which must be JSON."""
    return types.Step_Send((request, _kept(name, state)))


def wait(milliseconds, name, state=None):
    """Waits so many milliseconds; `resume_NAME` is called with `state`."""
    return types.Step_Wait((milliseconds, _kept(name, state)))


def _kept(name, state):
    return json.dumps({"name": name, "state": state}).encode()


def accepted(reference, memo=b"", poll_after_ms=None):
    """The provider has the task, under this reference; polls are given the memo with it."""
    return types.Step_Accepted(types.Acceptance(reference, memo, poll_after_ms))


def solved(solution, cost=None):
    """The provider solved the task in its reply to the submit."""
    return types.Step_Solved(types.Solved(json.dumps(solution), cost))


def polled(*verdicts):
    """What a poll found out: `task_open`, `task_solved` and `task_failed`."""
    return types.Step_Polled(list(verdicts))


def balance(money):
    """The credential's balance, as `usd` makes it."""
    return types.Step_Balance(money)


def done():
    """Nothing more to say: reported, cancelled, or surely no such task."""
    return types.Step_Done()


# ---------------------------------------------------------------- verdicts


def task_open(reference, poll_after_ms=None):
    """This task is still open."""
    return types.Verdict(reference, types.Standing_Open(poll_after_ms))


def task_solved(reference, solution, cost=None):
    """This task is solved; the solution has the catalogue's names."""
    return types.Verdict(reference, types.Standing_Solved(types.Solved(json.dumps(solution), cost)))


def task_failed(reference, fault):
    """This task has failed, with a `Fault`."""
    return types.Verdict(reference, types.Standing_Failed(fault.record))


# ---------------------------------------------------------------- requests


def get(url, placements=()):
    """A request without a body; `url` is a path below the base URL."""
    return types.Request(types.Method.GET, url, [], types.Body_Empty(), list(placements))


def post_json(url, body, placements=()):
    """A POST of a JSON body."""
    return types.Request(types.Method.POST, url, [], types.Body_Json(json.dumps(body)), list(placements))


def post_form(url, fields, placements=()):
    """A POST of a form: a dict of texts."""
    return types.Request(types.Method.POST, url, [], types.Body_Form(list(fields.items())), list(placements))


def in_json(field, name):
    """The credential's field goes into this top-level field of the JSON body; the host inserts the value."""
    return types.Placement(field, types.Place_JsonField(name))


def in_form(field, name):
    """The credential's field goes into this field of the form."""
    return types.Placement(field, types.Place_FormField(name))


def in_query(field, name):
    """The credential's field goes into this query parameter."""
    return types.Placement(field, types.Place_Query(name))


def in_header(field, name, prefix=""):
    """The credential's field goes into this header, after a prefix such as `Bearer `."""
    return types.Placement(field, types.Place_Header((name, prefix)))


# ---------------------------------------------------------------- replies


class Response:
    """What came back."""

    def __init__(self, record):
        self.status, self.headers, self.body = record.status, record.headers, record.body

    def object(self):
        """The body as a dict; an empty one where it is no JSON object."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def header(self, name):
        """The first header of this name, in lower case."""
        return next((value for known, value in self.headers if known == name), None)

    def may_have_acted(self):
        """For a request that may have had an effect, and no answer that can be read: nobody knows."""
        return self._trouble("in-doubt", "unknown")

    def acted_on_nothing(self):
        """The same for a request that only reads: whatever happened, nothing was changed by it."""
        return self._trouble("provider-down", "no")

    def _trouble(self, otherwise, charged):
        if self.status == 429:
            seconds = (self.header("retry-after") or "").strip()
            known = seconds.isascii() and seconds.isdigit() and len(seconds) <= 6
            return Fault("throttled", "THROTTLED", "HTTP 429", retry_after_ms=int(seconds) * 1000 if known else None)
        if self.status >= 500:
            return Fault(otherwise, "HTTP_ERROR", f"HTTP {self.status}", charged)
        return Fault(otherwise, "UNREADABLE_REPLY", f"HTTP {self.status} without a readable answer", charged)


# ---------------------------------------------------------------- faults


class Fault(Exception):
    """Why an operation or one task failed: to be raised, or handed to `task_failed`."""

    def __init__(self, name, code, message, charged="no", retry_after_ms=None):
        super().__init__(message)
        kind = CLASSES[name](retry_after_ms) if name == "throttled" else CLASSES[name]()
        self.record = types.Fault(kind, _for_people(code), _for_people(message), CHARGED[charged])


@dataclass(frozen=True)
class Row:
    """A row of a table of codes. About is "task" where the task has failed, "call" where it may still be solved."""

    name: str
    charged: str
    about: str

    def fault(self, code, message=None):
        """The fault that it is."""
        return Fault(self.name, code, message or code, self.charged)


def _for_people(text):
    return "".join(c for c in str(text).strip() if c.isprintable())[:300]


# ---------------------------------------------------------------- parameters


def leave_out(_reason):
    """The parameter is left out: the solution does not hang on it. The reason is for who reads the table."""
    return lambda name, value, task: None


def refuse(reason):
    """The task is refused before anything is sent."""

    def apply(name, _value, _task):
        raise Fault("not-supported", "PARAMETER_NOT_SUPPORTED", f"{name}: {reason}")

    return apply


def apply_rules(rules, parameters, task):
    """Writes canonical parameters into the provider's task.

    A rule is a name, under which the value is sent as it is, or a function `(name, value, task)` such as `leave_out` and
    `refuse` make. A parameter that changes what is solved is sent, or the task is refused; one that the table does not name
    is refused.
    """
    for name, value in parameters.items():
        rule = rules.get(name, refuse("this adapter does not know it"))
        if isinstance(rule, str):
            task[rule] = value
        else:
            rule(name, value, task)
    return task


# ---------------------------------------------------------------- money


def usd(value):
    """US dollars of a JSON number or text, as a plain decimal of at most nine places; None where it is no amount."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        amount = Decimal(str(value).strip()).quantize(Decimal("1e-9"), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    text = f"{amount:f}".rstrip("0").rstrip(".") or "0"
    return types.Money("0" if text == "-0" else text, "USD")
