//! The nodes of a plan: every kind that EXPLAIN of PostgreSQL 14 to 18 prints, and its role.
//!
//! All properties of nodes that the rules, `compare` and the pages use are defined here, so that a new kind is one line
//! of the table below. A kind that isn't in it is [opaque](NodeRole::Opaque): what it reads is unknown, and a plan with
//! such a node is unchecked.

use serde::Deserialize;
use serde_json::Value;

/// How a kind of node reads tables and returns rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeRole {
    /// Reads every page of its table.
    WholeScan,
    /// Reads a sample of its table, up to every page.
    SampleScan,
    /// Searches an index and returns rows.
    IndexScan,
    /// Reads the rows of the bitmap that is made below it.
    BitmapHeapScan,
    /// Makes a bitmap for the heap scan above it: searches an index, or combines other bitmaps.
    Bitmap,
    /// Reads rows by their addresses.
    TidScan,
    /// Returns rows that it reads from no table: of a function, a list, a CTE, a subquery.
    RowSource,
    /// Joins two inputs.
    Join,
    /// Stops its input once it has enough rows.
    Limit,
    /// Takes all rows of its input before it returns one.
    Blocking,
    /// Passes rows on.
    Stream,
    /// Writes its input's rows to a table.
    Write,
    /// What it reads is unknown: a node of an extension, of a foreign table, or of a newer version.
    Opaque,
}

/// Declares the kinds with their names in EXPLAIN's JSON and their roles.
macro_rules! node_kinds {
    ($($kind:ident $name:literal $role:ident,)*) => {
        /// A kind of node.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(from = "String")]
        pub enum NodeKind {
            $(#[doc = concat!("`", $name, "`")] $kind,)*
            /// An unknown kind, with its name in EXPLAIN's output.
            Unknown(String),
        }

        impl NodeKind {
            /// The kinds that are known.
            pub const KNOWN: &[NodeKind] = &[$(NodeKind::$kind,)*];

            /// The name in EXPLAIN's output.
            pub fn name(&self) -> &str {
                match self {
                    $(NodeKind::$kind => $name,)*
                    NodeKind::Unknown(name) => name,
                }
            }

            /// Its role.
            pub fn role(&self) -> NodeRole {
                match self {
                    $(NodeKind::$kind => NodeRole::$role,)*
                    NodeKind::Unknown(_) => NodeRole::Opaque,
                }
            }
        }

        impl From<String> for NodeKind {
            fn from(name: String) -> NodeKind {
                match name.as_str() {
                    $($name => NodeKind::$kind,)*
                    _ => NodeKind::Unknown(name),
                }
            }
        }
    };
}

// From ExplainNode() in src/backend/commands/explain.c, PostgreSQL 14 to 18.
node_kinds! {
    SeqScan "Seq Scan" WholeScan,
    SampleScan "Sample Scan" SampleScan,
    IndexScan "Index Scan" IndexScan,
    IndexOnlyScan "Index Only Scan" IndexScan,
    BitmapHeapScan "Bitmap Heap Scan" BitmapHeapScan,
    BitmapIndexScan "Bitmap Index Scan" Bitmap,
    BitmapAnd "BitmapAnd" Bitmap,
    BitmapOr "BitmapOr" Bitmap,
    TidScan "Tid Scan" TidScan,
    TidRangeScan "Tid Range Scan" TidScan,
    SubqueryScan "Subquery Scan" RowSource,
    FunctionScan "Function Scan" RowSource,
    TableFunctionScan "Table Function Scan" RowSource,
    ValuesScan "Values Scan" RowSource,
    CteScan "CTE Scan" RowSource,
    NamedTuplestoreScan "Named Tuplestore Scan" RowSource,
    WorkTableScan "WorkTable Scan" RowSource,
    NestedLoop "Nested Loop" Join,
    MergeJoin "Merge Join" Join,
    HashJoin "Hash Join" Join,
    Limit "Limit" Limit,
    Sort "Sort" Blocking,
    Hash "Hash" Blocking,
    Aggregate "Aggregate" Blocking,
    Materialize "Materialize" Blocking,
    IncrementalSort "Incremental Sort" Stream,
    Result "Result" Stream,
    ProjectSet "ProjectSet" Stream,
    Append "Append" Stream,
    MergeAppend "Merge Append" Stream,
    RecursiveUnion "Recursive Union" Stream,
    Gather "Gather" Stream,
    GatherMerge "Gather Merge" Stream,
    Memoize "Memoize" Stream,
    Group "Group" Stream,
    WindowAgg "WindowAgg" Stream,
    Unique "Unique" Stream,
    SetOp "SetOp" Stream,
    LockRows "LockRows" Stream,
    ModifyTable "ModifyTable" Write,
    ForeignScan "Foreign Scan" Opaque,
    CustomScan "Custom Scan" Opaque,
}

impl std::fmt::Display for NodeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One step of a plan. The documentation of EXPLAIN says what a field means; unknown fields are ignored.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all(deserialize = "PascalCase"))]
pub struct Node {
    /// `Seq Scan`, `Hash Join`, …
    #[serde(rename = "Node Type")]
    pub kind: NodeKind,
    /// Which extension a custom scan comes from: `Citus Adaptive`, `ChunkAppend`, …
    #[serde(rename = "Custom Plan Provider")]
    pub provider: Option<String>,
    /// The scanned table's schema, unquoted.
    pub schema: Option<String>,
    /// The scanned table, unquoted.
    #[serde(rename = "Relation Name")]
    pub relation: Option<String>,
    /// Its name within the statement.
    pub alias: Option<String>,
    /// The index used.
    #[serde(rename = "Index Name")]
    pub index: Option<String>,
    /// What the index is searched for.
    #[serde(rename = "Index Cond")]
    pub index_cond: Option<String>,
    /// The condition that rows have to satisfy.
    pub filter: Option<String>,
    /// What a hash join compares.
    #[serde(rename = "Hash Cond")]
    pub hash_cond: Option<String>,
    /// What a merge join compares.
    #[serde(rename = "Merge Cond")]
    pub merge_cond: Option<String>,
    /// The condition that joined pairs have to satisfy.
    #[serde(rename = "Join Filter")]
    pub join_filter: Option<String>,
    /// Rows expected, per loop.
    #[serde(rename = "Plan Rows", default)]
    pub plan_rows: f64,
    /// Rows returned, the mean per loop: a whole number before version 18.
    #[serde(rename = "Actual Rows", default)]
    pub rows: f64,
    /// How often the node ran.
    #[serde(rename = "Actual Loops", default)]
    pub loops: f64,
    /// Milliseconds to the last row, the mean per loop, children included.
    #[serde(rename = "Actual Total Time", default)]
    pub total_ms: f64,
    /// Rows that the filter removed, the mean per loop.
    #[serde(rename = "Rows Removed by Filter", default)]
    pub removed_by_filter: f64,
    /// Rows removed because a lossy index found too many, the mean per loop.
    #[serde(rename = "Rows Removed by Index Recheck", default)]
    pub removed_by_recheck: f64,
    /// `Inner`, `Left`, `Semi`, `Anti`, …
    #[serde(rename = "Join Type")]
    pub join_type: Option<String>,
    /// Whether a join stops at an outer row's first match.
    #[serde(rename = "Inner Unique", default)]
    pub inner_unique: bool,
    /// Pages written to temporary files, over all loops, children included.
    #[serde(rename = "Temp Written Blocks", default)]
    pub temp_written: u64,
    /// Pages found in shared buffers, over all loops, children included.
    #[serde(rename = "Shared Hit Blocks", default)]
    pub shared_hit: u64,
    /// Pages that had to be read, over all loops, children included.
    #[serde(rename = "Shared Read Blocks", default)]
    pub shared_read: u64,
    /// What a node of Citus sends to the shards.
    #[serde(rename = "Distributed Query")]
    pub distributed_query: Option<DistributedQuery>,
    /// The shard that is scanned; the node's names are those of the shard's table.
    #[serde(skip)]
    pub shard: Option<u64>,
    /// The nodes below: inputs, InitPlans and SubPlans, CTEs included.
    #[serde(default)]
    pub plans: Vec<Node>,
}

impl Node {
    /// Its kind, with the extension's name for a custom scan: `Custom Scan (Citus Adaptive)`.
    pub fn label(&self) -> String {
        match &self.provider {
            Some(provider) => format!("{} ({provider})", self.kind),
            None => self.kind.to_string(),
        }
    }

    /// Whether what it reads is unknown.
    pub fn is_opaque(&self) -> bool {
        let query = self.distributed_query.as_ref();
        self.kind.role() == NodeRole::Opaque && !query.is_some_and(DistributedQuery::is_visible)
    }

    /// Whether it joins two inputs.
    pub fn is_join(&self) -> bool {
        self.kind.role() == NodeRole::Join
    }

    /// Whether it reads its table from the first page to the last.
    pub fn reads_whole_relation(&self) -> bool {
        self.kind.role() == NodeRole::WholeScan
    }

    /// Whether an index decides which rows of its table it fetches.
    pub fn fetches_by_index(&self) -> bool {
        matches!(
            self.kind.role(),
            NodeRole::IndexScan | NodeRole::BitmapHeapScan
        )
    }

    /// Whether it makes a bitmap for the heap scan above it, and so is a part of that scan.
    pub fn is_bitmap(&self) -> bool {
        self.kind.role() == NodeRole::Bitmap
    }

    /// The nodes that search an index for this scan: itself, or those below it that make its bitmap.
    pub fn searches(&self) -> Vec<&Node> {
        let own = (self.index.is_some() || self.index_cond.is_some()).then_some(self);
        let below = self.plans.iter().filter(|below| below.is_bitmap());
        own.into_iter()
            .chain(below.flat_map(Node::searches))
            .collect()
    }

    /// The indexes that this scan searches, its bitmap's included, in the order of their names.
    pub fn searched_indexes(&self) -> Vec<&str> {
        let searches = self.searches().into_iter();
        let mut indexes: Vec<&str> = searches.filter_map(|it| it.index.as_deref()).collect();
        indexes.sort_unstable();
        indexes
    }

    /// The nodes below, those left out that make this scan's bitmap.
    pub fn inputs(&self) -> impl Iterator<Item = &Node> {
        self.plans.iter().filter(|below| !below.is_bitmap())
    }

    /// Whether it may stop the node at this position of [`Node::plans`] before that has returned all its rows.
    pub fn may_stop(&self, position: usize) -> bool {
        let existence = matches!(self.join_type.as_deref(), Some("Semi" | "Anti"));
        match self.kind {
            NodeKind::MergeJoin => true,
            NodeKind::NestedLoop => position == 1 && (existence || self.inner_unique),
            _ => self.kind.role() == NodeRole::Limit,
        }
    }

    /// Whether it takes all rows of its input before it returns one, so that nothing above it stops what is below.
    pub fn is_blocking(&self) -> bool {
        self.kind.role() == NodeRole::Blocking || self.distributed_query.is_some()
    }

    /// Pages touched, over all loops, children included.
    pub fn buffers(&self) -> u64 {
        self.shared_hit + self.shared_read
    }

    /// Pages that the node touched itself, over all loops.
    pub fn own_buffers(&self) -> u64 {
        let below: u64 = self.plans.iter().map(Node::buffers).sum();
        self.buffers().saturating_sub(below)
    }

    /// The conditions on this node.
    pub fn conditions(&self) -> impl Iterator<Item = &str> {
        [
            &self.index_cond,
            &self.filter,
            &self.hash_cond,
            &self.merge_cond,
            &self.join_filter,
        ]
        .into_iter()
        .filter_map(Option::as_deref)
    }
}

/// `Distributed Query` of a `Custom Scan (Citus Adaptive)`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DistributedQuery {
    #[serde(default)]
    pub(super) job: Job,
    /// Queries that run before it, whose rows are sent to the nodes.
    #[serde(default)]
    pub(super) subplans: Vec<Subplan>,
    /// Tasks whose plan isn't among the node's inputs.
    #[serde(skip)]
    pub(super) hidden: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Job {
    #[serde(rename = "Task Count", default)]
    pub(super) count: u64,
    #[serde(rename = "Tasks", default)]
    pub(super) tasks: Vec<Task>,
    #[serde(rename = "Dependent Jobs", default)]
    pub(super) dependent: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Task {
    /// What EXPLAIN printed on the node; absent where it couldn't be asked.
    #[serde(rename = "Remote Plan", default)]
    pub(super) plan: Vec<Vec<Explained>>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Subplan {
    #[serde(rename = "PlannedStmt", default)]
    pub(super) plan: Vec<Explained>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Explained {
    #[serde(rename = "Plan")]
    pub(super) plan: Node,
}

impl DistributedQuery {
    /// How many tasks it has: each asks one shard of each of its tables.
    pub fn tasks(&self) -> u64 {
        self.job.count
    }

    /// Whether rows are sent from node to node before they are joined.
    pub fn repartitions(&self) -> bool {
        !self.job.dependent.is_empty()
    }

    /// Whether the plans of all its tasks are the node's inputs.
    pub fn is_visible(&self) -> bool {
        self.hidden == 0 && !self.repartitions()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(json: &str) -> Node {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn names_lead_back_to_their_kinds() {
        for kind in NodeKind::KNOWN {
            assert_eq!(NodeKind::from(kind.name().to_owned()), *kind);
        }
        let unknown = NodeKind::from("Warp Scan".to_owned());
        assert_eq!(unknown.name(), "Warp Scan");
        assert_eq!(unknown.role(), NodeRole::Opaque);
    }

    #[test]
    fn an_extension_s_node_is_opaque_and_named() {
        let citus =
            node(r#"{"Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive"}"#);
        assert_eq!(citus.label(), "Custom Scan (Citus Adaptive)");
        for (json, opaque) in [
            (r#"{"Node Type": "Custom Scan"}"#, true),
            (r#"{"Node Type": "Foreign Scan"}"#, true),
            (r#"{"Node Type": "Warp Scan"}"#, true),
            (r#"{"Node Type": "Seq Scan"}"#, false),
        ] {
            assert_eq!(node(json).is_opaque(), opaque, "{json}");
        }
    }

    #[test]
    fn a_bitmap_s_searches_belong_to_its_heap_scan_alone() {
        let scan = node(
            r#"{"Node Type": "Bitmap Heap Scan", "Relation Name": "a", "Plans": [
                {"Node Type": "BitmapOr", "Plans": [
                    {"Node Type": "Bitmap Index Scan", "Index Name": "y"},
                    {"Node Type": "Bitmap Index Scan", "Index Name": "x"}]},
                {"Node Type": "Bitmap Heap Scan", "Relation Name": "b", "Parent Relationship": "SubPlan", "Plans": [
                    {"Node Type": "Bitmap Index Scan", "Index Name": "z"}]}]}"#,
        );
        assert_eq!(scan.searched_indexes(), ["x", "y"]);
        let inputs: Vec<&str> = scan
            .inputs()
            .filter_map(|it| it.relation.as_deref())
            .collect();
        assert_eq!(inputs, ["b"]);
    }

    #[test]
    fn joins_and_limits_stop_what_is_below() {
        let stops = |json: &str| [0, 1].map(|position| node(json).may_stop(position));
        assert_eq!(stops(r#"{"Node Type": "Limit"}"#), [true, true]);
        assert_eq!(stops(r#"{"Node Type": "Merge Join"}"#), [true, true]);
        assert_eq!(
            stops(r#"{"Node Type": "Hash Join", "Inner Unique": true}"#),
            [false, false]
        );
        assert_eq!(
            stops(r#"{"Node Type": "Nested Loop", "Join Type": "Semi"}"#),
            [false, true]
        );
    }
}
