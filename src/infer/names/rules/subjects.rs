//! Nouns of tables and columns, by what their rows are.

/// People, and words that stand for one beside a `name`.
pub const PERSON: &[&str] = &[
    "account", "actor", "adult", "agent", "applicant", "approver", "artist", "assignee", "attendee", "author",
    "beneficiary", "billing", "borrower", "buyer", "candidate", "carer", "cashier", "chef", "child", "client", "coach",
    "composer", "contact", "contributor", "cook", "creator", "customer", "delivery", "dentist", "director", "doctor",
    "donor", "driver", "editor", "employee", "father", "freelancer", "friend", "guardian", "guest", "holder", "host",
    "individual", "instructor", "interviewer", "invitee", "lead", "lecturer", "maintainer", "man", "manager", "member",
    "mentor", "mother", "nurse", "officer", "operator", "organizer", "owner", "parent", "participant", "passenger",
    "patient", "payee", "payer", "performer", "person", "photographer", "physician", "pilot", "player", "practitioner",
    "profile", "provider", "pupil", "reader", "receiver", "recipient", "referee", "relative", "reporter", "requester",
    "resident", "responsible", "reviewer", "sender", "shipping", "signer", "singer", "speaker", "sponsor", "spouse",
    "staff", "student", "subscriber", "supervisor", "teacher", "technician", "tenant", "trainer", "translator", "user",
    "visitor", "volunteer", "witness", "worker", "writer", "salesperson", "emergency", "cardholder", "admin",
];

/// Companies and the like.
pub const COMPANY: &[&str] = &[
    "advertiser", "agency", "bank", "brand", "business", "carrier", "clinic", "company", "contractor", "courier",
    "dealer", "distributor", "employer", "firm", "franchise", "insurer", "insurance", "label", "lender", "manufacturer",
    "merchant", "organization", "partner", "producer", "publisher", "retailer", "seller", "shipper", "shop", "store",
    "studio", "supplier", "vendor", "workspace", "hospital", "pharmacy", "hotel", "restaurant", "airline", "laboratory",
    "lab", "school", "university", "foundation", "club",
];

/// Things that are sold.
pub const PRODUCT: &[&str] = &[
    "article_item", "asset", "commodity", "device_model", "equipment", "good", "item", "material_item", "merchandise",
    "part", "product", "variant", "listing", "stock", "line", "gift", "sku", "catalog",
];

/// What is written to be read.
pub const ARTICLE: &[&str] = &[
    "announcement", "answer", "article", "blog", "bulletin", "chapter", "column", "content", "course", "discussion",
    "document", "entry", "essay", "forum", "guide", "lesson", "module", "news", "newsletter", "note", "page", "post",
    "question", "section", "story", "submission", "survey", "thread", "topic", "tutorial", "video", "webinar", "quiz",
    "exam", "presentation", "report", "message", "email", "mail", "link", "bookmark",
];

/// Books, songs, films and games.
pub const WORK: &[&str] = &[
    "album", "book", "composition", "ebook", "edition", "episode", "film", "game", "magazine", "movie", "play",
    "playlist", "podcast", "publication", "record", "recording", "release", "season", "series", "show", "single",
    "song", "title", "track", "work", "painting", "artwork", "score", "audiobook", "comic",
];

/// Things to do.
pub const TASK: &[&str] = &[
    "activity", "assignment", "bug", "case", "checklist", "complaint", "card", "feature", "goal", "incident", "issue",
    "milestone", "reminder", "request", "sprint", "step", "story_card", "subtask", "task", "ticket", "todo", "alert",
    "pull", "inquiry", "defect",
];

/// Jobs.
pub const JOB: &[&str] = &["career", "job", "occupation", "opening", "position", "profession", "vacancy"];

/// What things are sorted into.
pub const CATEGORY: &[&str] = &[
    "category", "class", "classification", "collection", "folder", "group", "family", "segment", "subcategory",
    "taxonomy", "taxon", "catalog_section", "interest", "niche",
];

/// Where something is, with an address.
pub const ADDRESS: &[&str] = &[
    "address", "branch", "depot", "facility", "home", "house", "location", "office", "outlet", "place", "plant",
    "property", "residence", "site", "store", "venue", "warehouse", "hospital", "clinic", "hotel", "restaurant",
    "school", "airport", "station", "supplier", "customer", "employee", "user", "vendor", "contact", "company",
    "patient", "person", "billing", "shipping", "mailing", "delivery", "lead", "organization", "profile", "member",
    "client",
];
