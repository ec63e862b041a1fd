//! A mistake in a dataset is answered with file, line, what is wrong and what would be right.

use crate::support::{Db, Workdir};

/// A mistake: the TOML file, and what the message says.
struct Case {
    what: &'static str,
    toml: &'static str,
    says: &'static [&'static str],
}

/// What a sound dataset has besides `toml`; it takes the file's first two lines.
const HEAD: &str = "schema = \"schema.sql\"\nqueries = \"queries\"\n";

const CASES: &[Case] = &[
    Case {
        what: "a drop rule that asks a table without ids, or one that doesn't come before",
        toml: "[tables.a]\nvirtual = true\nrows = 3\n[tables.b]\nper = { table = \"a\", mean = 1, max = 2 }\n\
               drop = { none = { column = \"id\", values = [0], unless-loaded = \"a\" } }\ncolumns.id = \"serial\"",
        says: &[
            "own.toml, line 8: ",
            "`a` has no `serial` column to look values up in",
        ],
    },
    Case {
        what: "a drop rule that asks its own table",
        toml: "[tables.a]\nrows = 3\n\
               drop = { none = { column = \"id\", values = [0], unless-loaded = \"a\" } }\ncolumns.id = \"serial\"",
        says: &["own.toml, line 5: ", "`a` is no table before this one"],
    },
    Case {
        what: "a syntax error",
        toml: "[tables.a\nrows = 3",
        says: &["own.toml, line 3: ", "expected `]`"],
    },
    Case {
        what: "a key twice",
        toml: "[tables.a]\nrows = 3\nrows = 4",
        says: &["own.toml, line 5: duplicate key"],
    },
    Case {
        what: "an unknown key of the file",
        toml: "abuot = \"x\"\n[tables.a]\nrows = 3\ncolumns.id = \"serial\"",
        says: &["own.toml, line 3: unknown key `abuot`; did you mean `about`?"],
    },
    Case {
        what: "an unknown key of a table",
        toml: "[tables.a]\nrows = 3\nfiel = \"x.csv\"\ncolumns.id = \"serial\"",
        says: &["own.toml, line 5: table `a`: unknown key `fiel`; did you mean `file`?"],
    },
    Case {
        what: "an unknown key of a column",
        toml: "[tables.a]\nrows = 3\n[tables.a.columns]\nid = \"serial\"\nx = { make = \"boolean\", chnace = 0.3 }",
        says: &[
            "own.toml, line 7: table `a`, column `x`: unknown key `chnace`; did you mean `chance`?",
        ],
    },
    Case {
        what: "a key that the maker doesn't read",
        toml: "[tables.a]\nrows = 3\n[tables.a.columns]\nid = { make = \"serial\", min = 4 }",
        says: &[
            "line 6: table `a`, column `id`: unknown key `min`; there is make, aliases, epoch, decimal, nulls, format, currency, force-null, force-not-null, hidden, null",
        ],
    },
    Case {
        what: "an unknown half",
        toml: "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nrows = 3\ncolumns.a = { make = \"reference\", to = \"a\", half = \"third\" }",
        says: &[
            "line 8: table `b`, column `a`, `half`: unknown half `third`; there is first, second",
        ],
    },
    Case {
        what: "two ways to pick a row",
        toml: "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nrows = 3\ncolumns.a = { make = \"reference\", to = \"a\", half = \"first\", spread = \"even\" }",
        says: &[
            "line 8: table `b`, column `a`: a reference has one of `spread`, `earlier`, `same`, `other-than` and `half`",
        ],
    },
    Case {
        what: "a distribution column that the table hasn't",
        toml: "[tables.a]\nrows = 3\ndistribute = { by = \"idd\" }\ncolumns.id = \"serial\"",
        says: &[
            "line 5: table `a`, `distribute`, `by`: no column of this table is called `idd`; did you mean `id`?",
        ],
    },
    Case {
        what: "a table that is distributed and on every node",
        toml: "[tables.a]\nrows = 3\nreference = true\ndistribute = { by = \"id\" }\ncolumns.id = \"serial\"",
        says: &[
            "line 6: table `a`, `distribute`: a reference table is on every node: it has no `distribute`",
        ],
    },
    Case {
        what: "shards beside those of a table that isn't distributed",
        toml: "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nrows = 3\ndistribute = { by = \"id\", colocate = \"a\" }\ncolumns.id = \"serial\"",
        says: &[
            "line 8: table `b`, `distribute`, `colocate`: no table before this one has `distribute`",
        ],
    },
    Case {
        what: "other shards than those of the table beside it",
        toml: "[tables.a]\nrows = 3\ndistribute = { by = \"id\", shards = 8 }\ncolumns.id = \"serial\"\n[tables.b]\nrows = 3\ndistribute = { by = \"id\", colocate = \"a\", shards = 9 }\ncolumns.id = \"serial\"",
        says: &[
            "line 9: table `b`, `distribute`, `shards`: it has the shards of `a`, which has 8; leave `shards` out here",
        ],
    },
    Case {
        what: "triggers that are neither on nor off",
        toml: "[tables.a]\nrows = 3\ntriggers = \"none\"\ncolumns.id = \"serial\"",
        says: &["line 5: table `a`, `triggers`: unknown switch `none`; "],
    },
    Case {
        what: "an unknown maker",
        toml: "[tables.styles]\nrows = 3\n[tables.styles.columns]\nname = { make = \"phrse\", of = \"x\" }",
        says: &[
            "own.toml, line 6: table `styles`, column `name`: unknown maker `phrse`; did you mean `phrase`?",
        ],
    },
    Case {
        what: "an unknown maker by its name alone",
        toml: "[tables.styles]\nrows = 3\ncolumns.id = \"seriel\"",
        says: &[
            "own.toml, line 5: table `styles`, column `id`: unknown maker `seriel`; did you mean `serial`?",
        ],
    },
    Case {
        what: "a column without a maker",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { null = 0.5 }",
        says: &["line 5: table `a`, column `x`: `make` is missing"],
    },
    Case {
        what: "statistics of values without numbers",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"json\", of = \"1\" }\n[tables.a.profile]\nx = { distinct = 3 }",
        says: &[
            "line 7: table `a`, column `x`, `profile`: `distinct` needs a maker whose values are numbered",
        ],
    },
    Case {
        what: "an order on disk of values without one",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"uuid\", correlation = 0.5 }",
        says: &[
            "line 5: table `a`, column `x`, `profile`: `correlation` is about the order of its values",
        ],
    },
    Case {
        what: "more distinct values than the maker has",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"integer\", min = 1, max = 9, distinct = 10 }",
        says: &[
            "line 5: table `a`, column `x`, `profile`: it is to have 10 distinct values, and its maker has 9",
        ],
    },
    Case {
        what: "a bound outside of the range",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"integer\", min = 1, max = 9, bounds = [1, 5, 12] }",
        says: &[
            "line 5: table `a`, column `x`, `profile`: the bound `12` is outside of `min` and `max`",
        ],
    },
    Case {
        what: "bounds of values that have none",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"text\", bounds = [1, 5] }",
        says: &[
            "line 5: table `a`, column `x`, `profile`: the bound `1` is none of its values; only numbers, dates and times have bounds",
        ],
    },
    Case {
        what: "a width of numbers",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"integer\", min = 1, max = 9, width = 4 }",
        says: &[
            "line 5: table `a`, column `x`, `profile`: `width` is for `text`, `code` and texts of `ranked`",
        ],
    },
    Case {
        what: "an unknown faker",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"fake\", faker = \"frist-name\" }",
        says: &[
            "line 5: table `a`, column `x`, `faker`: unknown faker `frist-name`; did you mean `first-name`?",
        ],
    },
    Case {
        what: "a pool without values",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"fake\", faker = \"name\", pool = 0 }",
        says: &[
            "line 5: table `a`, column `x`",
            "a pool of 0 values; 1 to 100,000 are possible",
        ],
    },
    Case {
        what: "an unknown list",
        toml: "lists.colours = [\"red\"]\n[tables.a]\nrows = 3\ncolumns.x = { make = \"word\", list = \"colors\" }",
        says: &[
            "line 6: table `a`, column `x`, `list`: unknown list `colors`; did you mean `colours`?",
        ],
    },
    Case {
        what: "a list where there is none",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"word\", list = \"colors\" }",
        says: &["line 5: table `a`, column `x`, `list`: unknown list `colors`; there is none"],
    },
    Case {
        what: "an unknown table of a reference",
        toml: "[tables.users]\nrows = 3\ncolumns.x = { make = \"reference\", to = \"usres\" }",
        says: &[
            "line 5: table `users`, column `x`, `to`: unknown table `usres`; did you mean `users`?",
        ],
    },
    Case {
        what: "an unknown parent table",
        toml: "[tables.users]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nper = { table = \"user\", mean = 2, max = 3 }\ncolumns.id = \"serial\"",
        says: &["line 7: table `b`, `table`: unknown table `user`; did you mean `users`?"],
    },
    Case {
        what: "a later table as parent",
        toml: "[tables.a]\nper = { table = \"b\", mean = 2, max = 3 }\ncolumns.id = \"serial\"\n[tables.b]\nrows = 3\ncolumns.id = \"serial\"",
        says: &[
            "line 4: table `a`, `table`: `b` is a later table; parents come first, so put [tables.b] before [tables.a]",
        ],
    },
    Case {
        what: "tables that are each other's parents",
        toml: "[tables.a]\nper = { table = \"b\", mean = 2, max = 3 }\ncolumns.id = \"serial\"\n[tables.b]\nper = { table = \"a\", mean = 2, max = 3 }\ncolumns.id = \"serial\"\n[tables.c]\nrows = 3\ncolumns.id = \"serial\"",
        says: &[
            "line 4: table `a`, `table`: `a` per `b` per `a` are a cycle, in which no table comes first",
            "give one of them `rows = …` in place of `per`, and the column that refers to the other `{ make = \"reference\"",
        ],
    },
    Case {
        what: "a table as its own parent",
        toml: "[tables.a]\nper = { table = \"a\", mean = 2, max = 3 }\ncolumns.id = \"serial\"",
        says: &[
            "line 4: table `a`",
            "a table cannot be its own parent",
            "`make = \"reference\"`",
        ],
    },
    Case {
        what: "an unknown name in a phrase",
        toml: "lists.thing = [\"x\"]\n[tables.a]\nrows = 3\ncolumns.name = { make = \"phrase\", of = \"a {thnig}\" }",
        says: &[
            "line 6: table `a`, column `name`, `of`: \"a {thnig}\" names `{thnig}`, which is neither a column",
            "did you mean `thing`?",
        ],
    },
    Case {
        what: "a brace that isn't closed",
        toml: "[tables.a]\nrows = 3\ncolumns.name = { make = \"phrase\", of = \"a {thing\" }",
        says: &["line 5: table `a`, column `name`, `of`: \"a {thing\" has a `{` without its `}`"],
    },
    Case {
        what: "a list that names itself",
        toml: "lists.l = [\"and {l}\"]\n[tables.a]\nrows = 3\ncolumns.name = { make = \"phrase\", of = \"{l}\" }",
        says: &[
            "line 6: table `a`, column `name`, `of`: lists lead to each other more than 8 deep, as in \"and {l}\"",
        ],
    },
    Case {
        what: "lists that nest too deep, the inner ones known already",
        toml: "lists.l0 = [\"x\"]\nlists.l1 = [\"x{l0}\"]\nlists.l2 = [\"x{l1}\"]\nlists.l3 = [\"x{l2}\"]\nlists.l4 = [\"x{l3}\"]\nlists.l5 = [\"x{l4}\"]\nlists.l6 = [\"x{l5}\"]\nlists.l7 = [\"x{l6}\"]\nlists.l8 = [\"x{l7}\"]\nlists.l9 = [\"x{l8}\"]\n[tables.a]\nrows = 3\ncolumns.name = { make = \"phrase\", of = [\"{l4}\", \"{l7}\", \"{l9}\"] }",
        says: &[
            "line 15: table `a`, column `name`, `of`: lists lead to each other more than 8 deep, as in \"x{l7}\"",
        ],
    },
    Case {
        what: "an unknown column below",
        toml: "[tables.a]\nrows = 3\ncolumns.price = { make = \"integer\", min = 1, max = 9 }\ncolumns.sale = { make = \"below\", of = \"prise\" }",
        says: &[
            "line 6: table `a`, column `sale`, `of`: no column of this table is called `prise`; did you mean `price`?",
        ],
    },
    Case {
        what: "an unknown column after",
        toml: "[tables.a]\nrows = 3\ncolumns.day = { make = \"date\", min = \"2024-01-01\", max = \"2024-01-31\" }\ncolumns.later = { make = \"after\", of = \"dya\", min = 1, max = 2 }",
        says: &[
            "line 6: table `a`, column `later`, `of`: no column of this table is called `dya`; did you mean `day`?",
        ],
    },
    Case {
        what: "below a text",
        toml: "[tables.a]\nrows = 3\ncolumns.name = { make = \"fake\", faker = \"name\", pool = 9 }\ncolumns.sale = { make = \"below\", of = \"name\" }",
        says: &["line 6: table `a`, column `sale`: `below` needs a number, and `name` is none"],
    },
    Case {
        what: "below what may be 0",
        toml: "[tables.a]\nrows = 3\ncolumns.price = { make = \"cents\", min = 0, max = 9 }\ncolumns.sale = { make = \"below\", of = \"price\" }",
        says: &[
            "line 6: table `a`, column `sale`: `below` needs numbers above 0, and `price` may be 0.00",
        ],
    },
    Case {
        what: "after a number",
        toml: "[tables.a]\nrows = 3\ncolumns.n = { make = \"integer\", min = 1, max = 9 }\ncolumns.x = { make = \"after\", of = \"n\", min = 1, max = 2 }",
        says: &[
            "line 6: table `a`, column `x`: `after` needs a date or timestamp, and `n` is none",
        ],
    },
    Case {
        what: "after, but before",
        toml: "[tables.a]\nrows = 3\ncolumns.day = { make = \"date\", min = \"2024-01-01\", max = \"2024-01-31\" }\ncolumns.x = { make = \"after\", of = \"day\", min = -1, max = 2 }",
        says: &[
            "line 6: table `a`, column `x`: `min` is below 0: that would be before it, not after",
        ],
    },
    Case {
        what: "after the year 9999",
        toml: "[tables.a]\nrows = 3\ncolumns.day = { make = \"timestamp\", min = \"2024-01-01\", max = \"9999-12-31\" }\ncolumns.x = { make = \"after\", of = \"day\", min = 0, max = 1 }",
        says: &[
            "line 6: table `a`, column `x`: it may fall behind 9999-12-31",
            "lower `max`",
        ],
    },
    Case {
        what: "a field of no word",
        toml: "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\ncolumns.x = { make = \"field\", of = \"id\", field = 2 }",
        says: &["line 6: table `a`, column `x`: `field` needs a `word` column, and `id` is none"],
    },
    Case {
        what: "a field that the list hasn't",
        toml: "lists.l = [\"x | y\"]\n[tables.a]\nrows = 3\ncolumns.w = { make = \"word\", list = \"l\" }\ncolumns.x = { make = \"field\", of = \"w\", field = 3 }",
        says: &["line 7: table `a`, column `x`: list `l` has fields 1 to 2"],
    },
    Case {
        what: "a circle",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"phrase\", of = \"{y}\" }\ncolumns.y = { make = \"phrase\", of = \"{x}\" }",
        says: &["line 5: table `a`, column `x`: its value depends on itself"],
    },
    Case {
        what: "a list hidden by the column of its name",
        toml: "lists.colour = [\"red\"]\n[tables.a]\nrows = 3\ncolumns.colour = { make = \"phrase\", of = \"{colour}\" }",
        says: &[
            "line 6: table `a`, column `colour`: its value depends on itself",
            "a column comes before a list of the same name",
        ],
    },
    Case {
        what: "a sibling that may be NULL",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"integer\", min = 1, max = 9, null = 0.1 }\ncolumns.y = { make = \"below\", of = \"x\" }",
        says: &[
            "line 6: table `a`, column `y`: it needs the value of `x`, which may be NULL; take `null` away there",
        ],
    },
    Case {
        what: "an only column that may be NULL",
        toml: "[tables.a]\nrows = 3\ncolumns.id = { make = \"serial\", hidden = true }\ncolumns.x = { make = \"boolean\", null = 0.1 }",
        says: &[
            "line 6: table `a`, column `x`: the only column cannot be NULL, its line would be blank",
        ],
    },
    Case {
        what: "a parent's id without a parent",
        toml: "[tables.a]\nrows = 3\ncolumns.x = \"parent\"",
        says: &[
            "line 5: table `a`, column `x`: `parent` needs a parent, and this table has none",
            "per = { table = …, mean = …, max = … }",
        ],
    },
    Case {
        what: "a list too short for the children",
        toml: "lists.sizes = [\"S\", \"M\"]\n[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nper = { table = \"a\", mean = 2, max = 3 }\ncolumns.size = { make = \"nth\", list = \"sizes\" }",
        says: &[
            "line 9: table `b`, column `size`: list `sizes` has 2 entries for up to 3 children of one parent",
        ],
    },
    Case {
        what: "no list for a value",
        toml: "lists.w = [\"x\", \"y\"]\nlists.s = [\"S\"]\n[tables.a]\nrows = 3\ncolumns.w = { make = \"word\", list = \"w\" }\n[tables.b]\nper = { table = \"a\", mean = 1, max = 1 }\ncolumns.size = { make = \"nth\", by = \"a.w\", lists = { x = \"s\" } }",
        says: &["line 10: table `b`, column `size`, `lists`: no list for `y`, which `w` holds"],
    },
    Case {
        what: "an ancestor's column that isn't there",
        toml: "[tables.users]\nrows = 3\ncolumns.joined = { make = \"date\", min = \"2024-01-01\", max = \"2024-01-31\" }\n[tables.b]\nper = { table = \"users\", mean = 1, max = 1 }\ncolumns.since = { make = \"inherit\", of = \"users.jioned\" }",
        says: &[
            "line 8: table `b`, column `since`, `of`: `users.jioned` names no column of an ancestor table",
            "in `users` did you mean `joined`?",
        ],
    },
    Case {
        what: "an ancestor that is none",
        toml: "[tables.users]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nper = { table = \"users\", mean = 1, max = 1 }\ncolumns.since = { make = \"inherit\", of = \"orders\" }",
        says: &[
            "line 8: table `b`, column `since`, `of`: `orders` names no column of an ancestor table, as \"table.column\" does; of ancestors there is users",
        ],
    },
    Case {
        what: "an inherited text",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"hex\", digits = 4 }\n[tables.b]\nper = { table = \"a\", mean = 1, max = 1 }\ncolumns.y = { make = \"inherit\", of = \"a.x\" }",
        says: &[
            "line 8: table `b`, column `y`, `of`: `a.x` cannot be inherited: it must be an integer, cents, date or timestamp",
        ],
    },
    Case {
        what: "an impossible fan-out",
        toml: "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nper = { table = \"a\", mean = 9, max = 3 }\ncolumns.id = \"serial\"",
        says: &[
            "line 7: table `b`: a mean of 9 with 0% childless needs 9.00 children",
            "between 1 and the maximum, 3; change `mean`, `childless` or `max`",
        ],
    },
    Case {
        what: "a maximum out of range",
        toml: "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nper = { table = \"a\", mean = 9, max = 65_001 }\ncolumns.id = \"serial\"",
        says: &["line 7: table `b`, `max`: expected a whole number from 1 to 65,000"],
    },
    Case {
        what: "an unknown distribution",
        toml: "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nper = { table = \"a\", mean = 2, max = 3, distribution = \"poison\" }\ncolumns.id = \"serial\"",
        says: &[
            "line 7: table `b`, `distribution`: unknown distribution `poison`; did you mean `poisson`?",
        ],
    },
    Case {
        what: "weights that don't match",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"one-of\", values = [1, 2, 3], weights = [1, 2] }",
        says: &["line 5: table `a`, column `x`, `weights`: there are 2 weights for 3 values"],
    },
    Case {
        what: "weights of nothing",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"one-of\", values = [1, 2], weights = [0, 0] }",
        says: &[
            "line 5: table `a`, column `x`, `weights`: weights must not be negative, nor all zero",
        ],
    },
    Case {
        what: "values of two kinds",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"one-of\", values = [\"a\", 2] }",
        says: &["line 5: table `a`, column `x`, `values`: expected text, found integer"],
    },
    Case {
        what: "a probability above 1",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"boolean\", chance = 30 }",
        says: &[
            "line 5: table `a`, column `x`, `chance`: 30 is not a probability; it lies between 0 and 1",
        ],
    },
    Case {
        what: "a minimum above the maximum",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"integer\", min = 9, max = 3 }",
        says: &["line 5: table `a`, column `x`, `max`: `max` is below `min`: 3 < 9"],
    },
    Case {
        what: "dates the wrong way round",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"date\", min = \"2024-02-01\", max = \"2024-01-31\" }",
        says: &[
            "line 5: table `a`, column `x`, `max`: `max` is below `min`: 2024-01-31 < 2024-02-01",
        ],
    },
    Case {
        what: "amounts the wrong way round",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"cents\", min = 2.50, max = 1 }",
        says: &["line 5: table `a`, column `x`, `max`: `max` is below `min`: 1 < 2.50"],
    },
    Case {
        what: "a day that isn't in the calendar",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"date\", min = \"2023-02-29\", max = \"2024-01-31\" }",
        says: &[
            "line 5: table `a`, column `x`, `min`: `2023-02-29` is not a date; write it as \"2024-02-29\"",
        ],
    },
    Case {
        what: "a date without quotes",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"date\", min = 2023-02-28, max = \"2024-01-31\" }",
        says: &["line 5: table `a`, column `x`, `min`: write a date in quotes: \"2023-02-28\""],
    },
    Case {
        what: "an amount of three decimals",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"cents\", min = 1.005, max = 3 }",
        says: &[
            "line 5: table `a`, column `x`, `min`: expected an amount with at most two decimals",
        ],
    },
    Case {
        what: "a number too large",
        toml: "[tables.a]\nrows = 3\ncolumns.x = { make = \"integer\", min = 1, max = 9_000_000_000_000_000_000 }",
        says: &["line 5: table `a`, column `x`, `max`: 9000000000000000000 is out of range"],
    },
    Case {
        what: "one file for two tables",
        toml: "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n[tables.b]\nfile = \"a.csv\"\nrows = 3\ncolumns.id = \"serial\"",
        says: &["own.toml, line 6: table `b`: `a.csv` is the file of `a` already"],
    },
    Case {
        what: "a file outside the folder",
        toml: "[tables.a]\nfile = \"../a.csv\"\nrows = 3\ncolumns.id = \"serial\"",
        says: &[
            "line 4: table `a`, `file`: \"../a.csv\" is not a file name; write a plain one such as \"products.csv\"",
        ],
    },
    Case {
        what: "a table whose name leads outside the folder",
        toml: "[tables.\"../a\"]\nrows = 3\ncolumns.id = \"serial\"",
        says: &[
            "line 3: table `../a`: \"../a.csv\" is not a file name; add a plain one such as `file = \"products.csv\"`",
        ],
    },
    Case {
        what: "a header for two columns",
        toml: "[tables.a]\nrows = 3\ncolumns.user_id = { make = \"serial\", aliases = [\"userId\"] }\ncolumns.x = { make = \"boolean\", aliases = [\"USERID\"] }",
        says: &["line 6: table `a`, column `x`: a header `USERID` could also mean `user_id`"],
    },
    Case {
        what: "no rows",
        toml: "[tables.a]\ncolumns.id = \"serial\"",
        says: &[
            "line 3: table `a`: `rows = …` or `per = { table = …, mean = …, max = … }` is missing",
        ],
    },
    Case {
        what: "rows and a parent",
        toml: "[tables.a]\nrows = 3\nper = { table = \"b\" }\ncolumns.id = \"serial\"",
        says: &["line 5: table `a`, `per`: a table has `rows` or `per`, not both"],
    },
    Case {
        what: "rows of nothing",
        toml: "[tables.a]\nrows = 0\ncolumns.id = \"serial\"",
        says: &["line 4: table `a`, `rows`: expected a whole number above 0"],
    },
    Case {
        what: "rows in quotes",
        toml: "[tables.a]\nrows = \"3\"\ncolumns.id = \"serial\"",
        says: &["line 4: table `a`, `rows`: expected a whole number, found string"],
    },
    Case {
        what: "no columns",
        toml: "[tables.a]\nrows = 3",
        says: &["own.toml, line 3: table `a`: `columns` is missing"],
    },
    Case {
        what: "hidden columns alone",
        toml: "[tables.a]\nrows = 3\ncolumns.id = { make = \"serial\", hidden = true }",
        says: &["own.toml, line 3: table `a` has no column that is written"],
    },
    Case {
        what: "a list file that isn't there",
        toml: "lists.l = \"words/none.txt\"\n[tables.a]\nrows = 3\ncolumns.id = \"serial\"",
        says: &[
            "own.toml, line 3: [lists], `l`: could not read words/none.txt: No such file or directory",
        ],
    },
    Case {
        what: "a list file with uneven entries",
        toml: "lists.l = \"uneven.txt\"\n[tables.a]\nrows = 3\ncolumns.id = \"serial\"",
        says: &["uneven.txt, line 3: `three` has 1 field, the first entry has 2"],
    },
    Case {
        what: "a list file without entries",
        toml: "lists.l = \"empty.txt\"\n[tables.a]\nrows = 3\ncolumns.id = \"serial\"",
        says: &["empty.txt", "the list is empty"],
    },
    Case {
        what: "a virtual table with columns",
        toml: "[tables.a]\nvirtual = true\nrows = 3\ncolumns.id = \"serial\"",
        says: &["table `a`, `columns`: a virtual table has no columns"],
    },
    Case {
        what: "a table that is virtual and kept",
        toml: "[tables.a]\nvirtual = true\nkept = true\nrows = 3",
        says: &["table `a`: a table is `virtual` or `kept`, not both"],
    },
    Case {
        what: "a kept table without rows",
        toml: "[tables.a]\nkept = true\ncolumns.id = \"sequence\"",
        says: &["table `a`: `rows = …`"],
    },
    Case {
        what: "a kept table whose rows are counted by a parent",
        toml: "[tables.a]\nrows = 2\ncolumns.id = \"serial\"\n[tables.b]\nkept = true\nper = { table = \"a\", mean = 1, max = 2 }\ncolumns.id = \"serial\"",
        says: &["table `b`: a kept table needs `rows = …`"],
    },
    Case {
        what: "a kept table with a file",
        toml: "[tables.a]\nkept = true\nrows = 3\nfile = \"a.csv\"\ncolumns.id = \"serial\"",
        says: &["table `a`, `file`: a kept table has no file"],
    },
    Case {
        what: "a virtual table with a file",
        toml: "[tables.a]\nvirtual = true\nrows = 3\nfile = \"a.csv\"",
        says: &["line 6: table `a`, `file`: a virtual table has no file"],
    },
    Case {
        what: "virtual tables alone",
        toml: "[tables.a]\nvirtual = true\nrows = 3",
        says: &[
            "own.toml, line 3: `tables`: every table is virtual or kept; at least one must have rows of its own",
        ],
    },
    Case {
        what: "no root",
        toml: "[tables]",
        says: &["own.toml, line 3: `tables`: no table has `rows = …`; the root table needs it"],
    },
    Case {
        what: "no tables",
        toml: "",
        says: &["own.toml, line 1: `tables` is missing"],
    },
];

fn workdir(test: &str) -> Workdir {
    let dir = Workdir::new(test);
    dir.write("schema.sql", "");
    dir.write("queries/q.sql", "SELECT 1");
    dir.write("uneven.txt", "one | two\n\nthree\n");
    dir.write("empty.txt", "# nothing\n");
    dir
}

const GENERATE: [&str; 7] = [
    "generate",
    "--dataset",
    "own.toml",
    "--rows",
    "2",
    "--out",
    "out",
];

#[test]
fn every_mistake_is_told_with_file_line_and_what_would_be_right() {
    let dir = workdir("mistakes");
    let mut wrong = Vec::new();
    for Case { what, toml, says } in CASES {
        dir.write("own.toml", format!("{HEAD}{toml}\n"));
        let run = dir.seedrow(GENERATE);
        let missing: Vec<_> = says
            .iter()
            .filter(|&text| !run.stderr.contains(text))
            .collect();
        if run.status.code() != Some(2) || !missing.is_empty() {
            wrong.push(format!(
                "{what}: {}\n{toml}\n--- stderr\n{}--- lacks {missing:#?}",
                run.status, run.stderr
            ));
        }
        assert!(!dir.path("out").exists(), "{what}: a folder was made");
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n\n{}",
        wrong.len(),
        CASES.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn what_the_file_must_name_is_asked_for() {
    let dir = workdir("missing");
    let tables = "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n";
    let cases = [
        (
            "schema = \"none.sql\"\n",
            "own.toml, line 1: `schema`: could not read none.sql: No such file",
        ),
        (
            "schema = \"schema.sql\"\nqueries = \"none\"\n",
            "own.toml, line 2: `queries`: could not read the folder none: No such file",
        ),
        (
            "schema = 5\n",
            "own.toml, line 1: `schema`: expected text, found integer",
        ),
    ];
    for (head, says) in cases {
        dir.write("own.toml", format!("{head}{tables}"));
        dir.seedrow(GENERATE).exits(2).stderr_has(says);
    }
}

/// What is generated needs no schema; what is loaded does, where tables are missing.
#[test]
fn a_file_without_a_schema_fills_tables_that_exist() {
    let dir = workdir("no_schema");
    let db = Db::new("no_schema");
    dir.write(
        "own.toml",
        "[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n",
    );
    dir.seedrow(GENERATE).exits(0);
    let url = db.url();
    let run = ["run", "--dataset", "own.toml", "--url", &url];
    dir.seedrow(run)
        .exits(2)
        .stderr_has("schema public has no table a, and own names no schema file that creates it")
        .stderr_has("`schema = \"schema.sql\"` at the top of own.toml");
    db.execute("CREATE TABLE a (id int PRIMARY KEY)");
    dir.seedrow(run)
        .stdout_has("has nothing to judge: there is no foreign key");
    assert_eq!(db.value("SELECT count(*) FROM a"), "3");
}

/// The cases build on a dataset that is sound without their mistake.
#[test]
fn the_head_alone_is_sound() {
    let dir = workdir("sound");
    dir.write(
        "own.toml",
        format!("{HEAD}[tables.a]\nrows = 3\ncolumns.id = \"serial\"\n"),
    );
    dir.seedrow(GENERATE).exits(0);
}

#[test]
fn a_byte_order_mark_and_other_line_ends_are_taken() {
    let dir = workdir("windows");
    dir.write("colours.txt", "\u{feff}red\r\nblue\r\n");
    let toml = "lists.colour = \"colours.txt\"\n[tables.a]\nrows = 3\ncolumns.x = { make = \"word\", list = \"colour\" }\n";
    dir.write(
        "own.toml",
        format!("\u{feff}{HEAD}{toml}").replace('\n', "\r\n"),
    );
    dir.seedrow([
        "generate",
        "--dataset",
        "own.toml",
        "--rows",
        "50",
        "--out",
        "out",
    ])
    .exits(0);
    let text = dir.read("out/a.csv");
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines, ["blue", "red"]);
}
