//! The columns of the tables: what each list shows a person; `--json` has every field.

/// A column: its title and the field under it.
pub(crate) type Column = (&'static str, &'static str);

pub(super) const ACCOUNTS: &[Column] = &[
    ("ACCOUNT", "account"),
    ("NAME", "name"),
    ("STATUS", "status"),
    ("AVAILABLE", "available"),
    ("HELD", "held"),
    ("POOL", "pool"),
];
pub(super) const STATEMENT: &[Column] = &[
    ("AT", "at"),
    ("KIND", "kind"),
    ("AVAILABLE", "available"),
    ("HELD", "held"),
    ("AVAILABLE AFTER", "availableAfter"),
    ("TASK", "task"),
    ("REFERENCE", "reference"),
    ("NOTE", "note"),
];
pub(super) const EARNINGS_STATEMENT: &[Column] = &[
    ("AT", "at"),
    ("KIND", "kind"),
    ("AVAILABLE", "available"),
    ("PENDING", "pending"),
    ("AVAILABLE AFTER", "availableAfter"),
    ("TASK", "task"),
    ("REFERENCE", "reference"),
    ("NOTE", "note"),
];
pub(super) const KEYS: &[Column] = &[
    ("PUBLIC ID", "publicId"),
    ("ACCOUNT", "accountName"),
    ("LABEL", "label"),
    ("STATUS", "status"),
    ("MODE", "mode"),
    ("POOL", "pool"),
    ("LOCKED", "poolLocked"),
    ("RATE/S", "ratePerSecond"),
    ("IN FLIGHT", "inFlight"),
    ("DAILY CAP", "dailyCap"),
    ("DOMAINS", "domains"),
    ("EXPIRES", "expires"),
];
pub(super) const CREDENTIALS: &[Column] = &[
    ("CREDENTIAL", "credential"),
    ("PROVIDER", "provider"),
    ("POOL", "pool"),
    ("LABEL", "label"),
    ("STATUS", "status"),
    ("RESTS UNTIL", "restsUntil"),
    ("ADDED", "created"),
];
pub(super) const CONTRIBUTED: &[Column] = &[
    ("CREDENTIAL", "credential"),
    ("PROVIDER", "provider"),
    ("OWNER", "ownerName"),
    ("LABEL", "label"),
    ("ENDS IN", "masked"),
    ("STATUS", "status"),
    ("REASON", "reason"),
    ("NEXT CHECK", "nextCheck"),
    ("CONTRIBUTED", "created"),
];
pub(super) const EVENTS: &[Column] = &[("AT", "at"), ("KIND", "kind"), ("DETAIL", "detail")];
pub(super) const TOKENS: &[Column] = &[
    ("PUBLIC ID", "publicId"),
    ("ACCOUNT", "accountName"),
    ("LABEL", "label"),
    ("STATUS", "status"),
    ("CREATED", "created"),
    ("EXPIRES", "expires"),
];
pub(super) const CLAIMS: &[Column] = &[
    ("CLAIM", "claim"),
    ("CREDENTIAL", "credential"),
    ("CLAIMANT", "claimantName"),
    ("HOLDER", "holderName"),
    ("STATE", "state"),
    ("EVIDENCE", "evidence"),
    ("FILED", "created"),
];
pub(super) const PAYOUTS: &[Column] = &[
    ("PAYOUT", "payout"),
    ("ACCOUNT", "accountName"),
    ("AMOUNT", "amount"),
    ("DESTINATION", "destination"),
    ("STATE", "state"),
    ("ASKED", "created"),
    ("ENDED", "ended"),
];
pub(super) const PROVIDERS: &[Column] = &[
    ("PROVIDER", "provider"),
    ("NAME", "name"),
    ("STATUS", "status"),
    ("PLATFORM", "platformCredentials"),
    ("COMMUNITY", "communityCredentials"),
    ("CONTRIBUTION", "contributionNote"),
    ("QUARANTINE", "quarantine"),
    ("BASE URL", "baseUrl"),
    ("NOT GRANTED", "notGranted"),
];
pub(super) const BALANCES: &[Column] = &[
    ("PROVIDER", "provider"),
    ("CREDENTIAL", "label"),
    ("LOOKED AT", "at"),
    ("BALANCE", "balance"),
    ("GONE", "spent"),
    ("BOOKED", "booked"),
    ("VERDICT", "verdict"),
];
pub(super) const PRICES: &[Column] = &[
    ("PROVIDER", "provider"),
    ("FAMILY", "family"),
    ("POOL", "pool"),
    ("PRICE", "price"),
    ("MINIMUM", "minimum"),
    ("BILLING", "billing"),
    ("SHARE BP", "shareBp"),
    ("LIST PRICE", "listPrice"),
    ("SURCHARGES", "surcharges"),
];
pub(super) const QUOTES: &[Column] = &[
    ("PROVIDER", "provider"),
    ("POOL", "pool"),
    ("LIST PRICE", "listPrice"),
    ("RULE", "rule"),
    ("PRICE", "price"),
    ("BASE", "base"),
    ("SURCHARGES", "surcharges"),
    ("ESTIMATE", "estimate"),
    ("BILLING", "billing"),
    ("WHY NOT", "why"),
];
pub(super) const DRIFT: &[Column] = &[
    ("PROVIDER", "provider"),
    ("FAMILY", "family"),
    ("ATTEMPTS", "attempts"),
    ("EXPECTED", "expected"),
    ("REPORTED", "reported"),
    ("DRIFT", "drift"),
    ("ABOVE", "above"),
    ("WORST", "worst"),
];
pub(super) const ADAPTERS: &[Column] = &[
    ("PROVIDER", "provider"),
    ("NAME", "name"),
    ("VERSION", "version"),
    ("GENERATION", "generation"),
    ("DIGEST", "digest"),
    ("TRIAL", "trial"),
    ("FIELDS", "credentialFields"),
    ("FAMILIES", "families"),
];
pub(super) const GENERATIONS: &[Column] = &[
    ("GENERATION", "generation"),
    ("SINCE", "since"),
    ("VERSION", "version"),
    ("DIGEST", "digest"),
    ("TRIAL %", "trialShare"),
    ("WHY", "why"),
];
pub(super) const ADMISSIONS: &[Column] = &[
    ("AT", "at"),
    ("PROVIDER", "provider"),
    ("DIGEST", "digest"),
    ("ADMITTED", "admitted"),
    ("LAST STAGE", "stage"),
    ("WHY", "why"),
];
pub(super) const AUDIT: &[Column] = &[
    ("SEQ", "seq"),
    ("AT", "at"),
    ("ACTOR", "actor"),
    ("ACTION", "action"),
    ("TARGET", "target"),
    ("DETAIL", "detail"),
];
pub(super) const TASKS: &[Column] = &[
    ("TASK", "task"),
    ("TYPE", "type"),
    ("STATE", "state"),
    ("SOLVER", "solver"),
    ("COST", "cost"),
    ("TOOK MS", "tookMs"),
    ("CREATED", "created"),
    ("ERROR", "error"),
];
pub(super) const RULES: &[Column] = &[
    ("PATTERN", "pattern"),
    ("ACTION", "action"),
    ("SCOPE", "scope"),
    ("ORIGIN", "origin"),
    ("STATUS", "status"),
    ("NOTE", "note"),
];
pub(super) const REFUNDS: &[Column] = &[
    ("ACCOUNT", "accountName"),
    ("PROVIDER", "provider"),
    ("SOLVED", "solved"),
    ("RIGHT", "right"),
    ("WRONG", "wrong"),
    ("REFUNDED", "refunded"),
    ("PENDING", "pending"),
    ("REFUNDS", "refunds"),
];
pub(super) const TRACES: &[Column] = &[
    ("PUBLIC ID", "publicId"),
    ("ACCOUNT", "accountName"),
    ("LABEL", "label"),
    ("PURPOSE", "purpose"),
    ("FAMILY", "family"),
    ("TASKS", "tasks"),
    ("SOLVED", "solved"),
    ("FIRST", "first"),
    ("LAST", "last"),
];
pub(super) const DOUBTS: &[Column] = &[
    ("TASK", "task"),
    ("STANDING", "standing"),
    ("PROVIDER", "provider"),
    ("CREDENTIAL", "credentialLabel"),
    ("AGE S", "ageSeconds"),
    ("EXPECTED", "expectedCost"),
    ("BORNE", "borne"),
    ("WATCHED UNTIL", "watchedUntil"),
    ("KNOWN", "known"),
];
pub(super) const DOUBT_SUMS: &[Column] = &[
    ("PROVIDER", "provider"),
    ("OPEN", "open"),
    ("WATCHED", "watched"),
    ("UNTOLD", "untold"),
    ("EXPECTED", "expectedCost"),
    ("BORNE", "borne"),
];
pub(super) const FOUND: &[Column] =
    &[("PATTERN", "pattern"), ("ACTION", "action"), ("SCOPE", "scope"), ("ORIGIN", "origin"), ("NOTE", "note")];
pub(super) const ATTEMPTS: &[Column] = &[
    ("#", "number"),
    ("PROVIDER", "provider"),
    ("CREDENTIAL", "credentialLabel"),
    ("POOL", "pool"),
    ("PRICE", "price"),
    ("STATE", "state"),
    ("FAULT", "fault"),
];
pub(super) const CANDIDATES: &[Column] = &[
    ("PROVIDER", "provider"),
    ("CREDENTIAL", "credential"),
    ("POOL", "pool"),
    ("PRICE", "price"),
    ("SUCCESS", "success"),
    ("SECONDS", "seconds"),
    ("BURDEN", "burden"),
    ("OPEN", "inFlight"),
    ("SEEN", "samples"),
    ("PUBLISHED", "published"),
];
pub(super) const DROPPED: &[Column] = &[
    ("PROVIDER", "provider"),
    ("CREDENTIAL", "credential"),
    ("WHY", "hits"),
    ("PUBLISHED", "published"),
    ("BALANCE", "balance"),
];
