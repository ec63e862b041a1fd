//! Short sets of values: states, types, levels, where no CHECK and no enum has them.

use crate::infer::domain::MakerToml;
use crate::infer::names::fit::short_or;
use crate::infer::names::made::one_of;
use crate::infer::names::rule::Make::{By, Maker};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::rules::subjects::{ARTICLE, PERSON, PRODUCT, TASK};
use crate::infer::names::types::{INT, TEXT};

/// Rules about short sets of values.
pub const RULES: &[Rule] = rules! {
    "payment method|payment type|pay method|payment mode|method of payment|tender type" [] TEXT, 4 => Maker(payment_method),
        "a way to pay", "orders.payment_method";
    "method|type" ["payment", "transaction", "refund"] TEXT, 4 => Maker(payment_method), "a way to pay", "payments.method";
    "payment provider|payment gateway|gateway" [] TEXT, 4 => Maker(|| one_of(&["card", "bank", "wallet"], &[])), "a way to pay",
        "payments.gateway";
    "card brand|card type|cc type|card network" [] TEXT, 4 => Maker(|| one_of(&["visa", "mastercard", "amex", "discover"], &[5, 4, 1, 1])),
        "a brand of cards", "payments.card_brand";
    "shipping method|delivery method|ship via|ship mode|shipping type|delivery type|shipping service" [] TEXT, 6
        => Maker(|| one_of(&["standard", "express", "pickup", "overnight"], &[6, 3, 2, 1])), "a way to ship", "orders.shipping_method";
    "priority|urgency|severity|importance|severity level|priority level|impact" [] TEXT, 3 => By(priority), "a priority", "tickets.priority";
    "log level|level|loglevel" ["log", "message", "event", "audit", "alert", "entry"] TEXT, 4
        => Maker(|| one_of(&["debug", "info", "warn", "error"], &[3, 10, 2, 1])), "a level of logs", "logs.level";
    "level|difficulty|skill level|experience level|proficiency" [] TEXT, 6
        => Maker(|| one_of(&["beginner", "intermediate", "advanced", "expert"], &[4, 4, 2, 1])), "a level", "courses.level";
    "frequency|billing period|billing cycle|billing interval|recurrence|cadence|pay period|schedule|interval|renewal period" [] TEXT, 5
        => Maker(|| one_of(&["daily", "weekly", "monthly", "yearly"], &[1, 3, 6, 2])), "how often", "subscriptions.billing_period";
    "visibility|access|privacy|access level|scope" [] TEXT, 6 => Maker(|| one_of(&["public", "private", "internal"], &[5, 3, 2])),
        "who sees it", "projects.visibility";
    "size|shirt size|clothing size|size name|size label" [] TEXT, 3 => Maker(|| one_of(&["XS", "S", "M", "L", "XL", "XXL"], &[1, 3, 5, 4, 2, 1])),
        "a size", "variants.size";
    "grade|letter grade" [] TEXT, 1 => Maker(|| one_of(&["A", "B", "C", "D", "F"], &[3, 4, 3, 1, 1])), "a grade",
        "enrollments.grade";
    "day of week|weekday|day name|dow" [] TEXT, 6 => Maker(weekday), "a day of the week", "opening_hours.day_of_week";
    "theme|color scheme|appearance" [] TEXT, 4 => Maker(|| one_of(&["light", "dark", "system"], &[4, 3, 3])), "a theme", "settings.theme";
    "direction" [] TEXT, 2 => Maker(|| one_of(&["in", "out"], &[])), "in or out", "transfers.direction";
    "role|user role|role name|permission|access role|membership type" [] TEXT, 4 => By(role), "a role", "users.role";
    "status|state|stage|phase|workflow state|status name|order status|current status|status code|outcome|result" [] TEXT, 1
        => By(status), "a state", "orders.status";
    "status|state|stage|status id" [] INT, 0 => Maker(numbered), "a state", "orders.status";
    "type|kind|category type|type name|variety|mode|entity type|object type|class type|sort of" [] TEXT, 1 => By(kind), "a kind", "accounts.type";
    "type|kind|mode|flags|visibility|role|level type" [] INT, 0 => Maker(numbered), "a kind", "accounts.kind";
    "source|channel|origin|medium|referral source|lead source|acquisition channel|utm source|utm medium|via" [] TEXT, 3
        => Maker(|| one_of(&["web", "email", "phone", "app", "partner", "import"], &[6, 3, 2, 3, 1, 1])), "a channel", "leads.source";
};

/// A set of values with how often each is.
type Vocabulary = (&'static [&'static str], &'static [i64]);

const ORDER: Vocabulary = (
    &[
        "pending",
        "paid",
        "shipped",
        "delivered",
        "cancelled",
        "refunded",
    ],
    &[2, 2, 2, 8, 1, 1],
);
const PAYMENT: Vocabulary = (&["paid", "pending", "failed", "refunded"], &[12, 2, 1, 1]);
const INVOICE: Vocabulary = (
    &["draft", "sent", "paid", "overdue", "void"],
    &[1, 3, 10, 1, 1],
);
const SHIPMENT: Vocabulary = (
    &["packed", "in_transit", "delivered", "returned"],
    &[2, 3, 12, 1],
);
const SUBSCRIPTION: Vocabulary = (
    &["trialing", "active", "past_due", "cancelled"],
    &[2, 10, 1, 3],
);
const APPOINTMENT: Vocabulary = (
    &[
        "scheduled",
        "confirmed",
        "completed",
        "cancelled",
        "no_show",
    ],
    &[2, 2, 10, 2, 1],
);
const PUBLISHED: Vocabulary = (&["draft", "published", "archived"], &[2, 8, 1]);
const TASKS: Vocabulary = (&["open", "in_progress", "blocked", "done"], &[4, 3, 1, 8]);
const RUN: Vocabulary = (
    &["queued", "running", "succeeded", "failed"],
    &[1, 1, 12, 2],
);
const PEOPLE: Vocabulary = (
    &["active", "invited", "inactive", "suspended"],
    &[12, 1, 2, 1],
);
const STOCK: Vocabulary = (
    &["available", "sold_out", "discontinued", "draft"],
    &[12, 2, 1, 1],
);
const APPROVAL: Vocabulary = (&["pending", "approved", "rejected"], &[3, 8, 2]);
const LEAD: Vocabulary = (
    &["new", "contacted", "qualified", "won", "lost"],
    &[5, 4, 3, 2, 3],
);
const LOAN: Vocabulary = (&["active", "returned", "overdue"], &[3, 10, 1]);
const ANY: Vocabulary = (&["active", "inactive", "pending"], &[8, 2, 1]);

/// The states of a subject, by its names.
const STATES: &[(&[&str], Vocabulary)] = &[
    (
        &[
            "order",
            "purchase",
            "sale",
            "cart",
            "checkout",
            "item_order",
        ],
        ORDER,
    ),
    (
        &[
            "payment",
            "transaction",
            "charge",
            "refund",
            "payout",
            "transfer",
            "withdrawal",
        ],
        PAYMENT,
    ),
    (
        &[
            "invoice",
            "bill",
            "statement",
            "quote",
            "estimate",
            "receipt",
        ],
        INVOICE,
    ),
    (
        &[
            "shipment",
            "delivery",
            "parcel",
            "package",
            "fulfillment",
            "shipping",
        ],
        SHIPMENT,
    ),
    (
        &[
            "subscription",
            "membership",
            "plan",
            "license",
            "contract",
            "policy",
        ],
        SUBSCRIPTION,
    ),
    (
        &[
            "appointment",
            "booking",
            "reservation",
            "visit",
            "consultation",
            "meeting",
        ],
        APPOINTMENT,
    ),
    (
        &[
            "job",
            "run",
            "build",
            "task_run",
            "import",
            "export",
            "deployment",
            "pipeline",
            "execution",
            "sync",
            "migration",
            "backup",
            "worker",
            "batch",
            "webhook",
            "notification",
            "email",
            "event",
        ],
        RUN,
    ),
    (
        &[
            "application",
            "request",
            "approval",
            "claim",
            "leave",
            "enrollment",
            "invitation",
            "invite",
            "application",
            "review",
            "comment",
            "complaint",
            "return",
            "friendship",
        ],
        APPROVAL,
    ),
    (&["lead", "opportunity", "deal", "prospect"], LEAD),
    (&["loan", "rental", "checkout_item", "borrowing"], LOAN),
    (TASK, TASKS),
    (&["project", "campaign"], TASKS),
    (ARTICLE, PUBLISHED),
    (PRODUCT, STOCK),
    (PERSON, PEOPLE),
];

/// The states of what a column is about.
fn states_of(subject: &str) -> Vocabulary {
    let found = STATES
        .iter()
        .find(|(subjects, _)| subjects.contains(&subject));
    found.map_or(ANY, |(_, states)| *states)
}

/// Short enough for the column: words, else letters.
pub fn status(scene: &Scene) -> Option<Made> {
    let (values, weights) = states_of(scene.subject);
    Some(short_or(scene, values, weights, &["A", "I", "P"]))
}

/// The kinds of a subject, by its names.
const KINDS: &[(&[&str], &[&str])] = &[
    (&["account"], &["checking", "savings", "credit"]),
    (
        &["customer", "client", "contact", "party"],
        &["person", "company"],
    ),
    (
        &["user", "member", "profile"],
        &["regular", "staff", "guest"],
    ),
    (&["address"], &["billing", "shipping", "home"]),
    (&["phone", "email"], &["home", "work", "mobile"]),
    (
        &["event", "activity", "log", "audit"],
        &["created", "updated", "deleted", "viewed"],
    ),
    (
        &["notification", "message", "alert"],
        &["info", "warning", "reminder"],
    ),
    (
        &["employee", "contract", "job", "employment"],
        &["full_time", "part_time", "contractor"],
    ),
    (&["discount", "coupon", "promotion"], &["percent", "fixed"]),
    (&["room"], &["single", "double", "suite"]),
    (&["vehicle", "car"], &["car", "van", "truck"]),
    (
        &["file", "attachment", "media", "asset", "document"],
        &["image", "video", "document"],
    ),
    (&["question"], &["choice", "text", "number"]),
    (
        &["appointment", "visit", "consultation"],
        &["checkup", "follow_up", "emergency", "consultation"],
    ),
    (&["property", "listing"], &["house", "apartment", "land"]),
    (
        &[
            "setting",
            "option",
            "parameter",
            "attribute",
            "field",
            "variable",
            "value",
        ],
        &["string", "number", "boolean"],
    ),
    (
        &["ticket", "issue", "task", "request"],
        &["bug", "feature", "question"],
    ),
    (
        &["relationship", "relation", "link"],
        &["parent", "related", "duplicate"],
    ),
    (
        &["movement", "inventory", "stock"],
        &["in", "out", "adjustment"],
    ),
];

fn kind(scene: &Scene) -> Option<Made> {
    let found = KINDS
        .iter()
        .find(|(subjects, _)| subjects.contains(&scene.subject));
    let values = found.map_or(&["standard", "basic", "extended"][..], |(_, values)| {
        *values
    });
    let made = short_or(scene, values, &[], &["A", "B", "C"]);
    Some(if found.is_none() { made.guess() } else { made })
}

fn priority(scene: &Scene) -> Option<Made> {
    Some(short_or(
        scene,
        &["low", "medium", "high", "urgent"],
        &[4, 6, 3, 1],
        &["L", "M", "H"],
    ))
}

fn role(scene: &Scene) -> Option<Made> {
    let made = short_or(
        scene,
        &["member", "editor", "admin", "owner"],
        &[12, 4, 2, 1],
        &["M", "A"],
    );
    Some(made)
}

fn payment_method() -> MakerToml {
    one_of(
        &["card", "bank_transfer", "paypal", "cash", "invoice"],
        &[9, 3, 4, 1, 2],
    )
}

fn weekday() -> MakerToml {
    let days = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    one_of(&days, &[])
}

fn numbered() -> MakerToml {
    MakerToml::new("one-of")
        .with("values", vec![0, 1, 2, 3])
        .with("weights", vec![2, 8, 2, 1])
}
