use super::*;
use crate::check::{Check, Subject};
use crate::report::check::sample::report;

/// Where the parts are, in the order given.
fn places(page: &str, parts: &[&str]) -> Vec<usize> {
    let place = |part: &&str| page.find(part).unwrap_or_else(|| panic!("{part}\n{page}"));
    parts.iter().map(place).collect()
}

fn count(page: &str, part: &str) -> usize {
    page.matches(part).count()
}

#[test]
fn what_is_wrong_comes_first_and_what_holds_is_folded() {
    let page = check(&report());
    let order = [
        "<h1>seedrow check <span class=\"badge bad\">fail",
        "<h2>What to fix</h2>",
        "<h2>What doesn't hold</h2>",
        "data-name=\"styles\"",
        "data-name=\"empty\"",
        "<h2>Foreign keys</h2>",
        "<details class=\"passes\"><summary><h2>What holds</h2>",
        "data-name=\"skus(style_id)\"",
        "<footer>",
    ];
    assert!(places(&page, &order).is_sorted(), "{page}");
    let styles = page
        .split("<article")
        .find(|it| it.contains("data-name=\"styles\""));
    let styles = styles.unwrap();
    assert!(
        styles.contains("what <code class=\"rule\">seq-scan"),
        "{styles}"
    );
    assert!(styles.contains("<p class=\"note\">how</p>"), "{styles}");
}

#[test]
fn a_fix_is_sql_to_copy_in_its_cause_and_in_its_card() {
    let mut report = report();
    let sql = "CREATE INDEX a ON public.skus (style_id);";
    report.checks[3].findings[0].help = format!("`seedrow index --url x`, or: {sql}");
    let page = check(&report);
    assert_eq!(
        count(&page, &format!("<pre><code>{sql}</code></pre>")),
        2,
        "{page}"
    );
    assert_eq!(
        count(&page, "<pre><code>seedrow index --url x</code></pre>"),
        2
    );
    assert_eq!(count(&page, "class=\"all-fixes\""), 0, "there is only one");
    report.checks[4].findings[0].help = "ANALYZE public.styles;".into();
    let page = check(&report);
    let both = format!("<pre><code>{sql}\nANALYZE public.styles;</code></pre>");
    assert_eq!(count(&page, &both), 1, "{page}");
    report.checks[4].findings[0].help = "DROP TABLE public.styles;".into();
    assert_eq!(
        count(&check(&report), "class=\"all-fixes\""),
        0,
        "not unread"
    );
}

#[test]
fn every_read_has_its_sql_and_every_key_a_row() {
    let mut report = report();
    let Subject::Query(Some(measured)) = &mut report.checks[3].subject else {
        panic!("a query");
    };
    measured.sql = "SELECT 1 < 2".into();
    let page = check(&report);
    for sql in ["WHERE style_id = $1</code>", "SELECT 1 &lt; 2</code>"] {
        assert!(page.contains(sql), "{sql}\n{page}");
    }
    let keys = page.split("<h2>Foreign keys</h2>").nth(1).unwrap();
    let keys = keys.split("</section>").next().unwrap();
    assert_eq!(count(keys, "data-title=\"verdict\""), 6, "{keys}");
    assert!(
        keys.contains("<code>skus_style_id_idx</code></td><td class=\"words\" data-title=\"verdict\"><span class=\"badge good\">covered</span>"),
        "{keys}"
    );
    assert!(
        keys.contains(">1.00 MiB</td>") && keys.contains(">waived</span>"),
        "{keys}"
    );
}

#[test]
fn all_plots_of_a_unit_have_one_scale() {
    let page = check(&report());
    let axes: Vec<&str> = page
        .split("<div class=\"axis\"")
        .skip(1)
        .filter_map(|it| it.split("</div>").next())
        .collect();
    assert_eq!(axes.len(), 4, "times and pages of two reads");
    assert_eq!((axes[0], axes[1]), (axes[2], axes[3]));
    assert_ne!(axes[0], axes[1]);
}

#[test]
fn a_scan_is_beside_what_an_indexed_read_would_cost() {
    let mut report = report();
    let Subject::Query(Some(measured)) = &mut report.checks[3].subject else {
        panic!("a query");
    };
    measured.shape.choice = crate::check::AccessPath::Scan;
    let page = check(&report);
    assert_eq!(
        count(&page, "class=\"excess\""),
        2,
        "time and pages\n{page}"
    );
    assert!(
        page.contains("<strong class=\"bad\">6,127 times as many</strong>"),
        "{page}"
    );
    // 812.34 ms for 73,529 pages, so much for 12.
    assert!(page.contains("an indexed read, at most 0.13 ms"), "{page}");
}

#[test]
fn percentiles_are_shown_of_executions_enough() {
    let page = check(&report());
    let all = "200 executions: median 0.20 ms, 95% under 0.30 ms, 99% under 0.40 ms, the longest 0.50 ms.";
    assert!(page.contains(all), "{page}");
    let mut report = report();
    let Subject::Lookup(Some(measured)) = &mut report.checks[2].subject else {
        panic!("a lookup");
    };
    if let Some(latency) = &mut measured.latency {
        latency.executions = 12;
    }
    let few = "12 executions: median 0.20 ms, the longest 0.50 ms.";
    assert!(check(&report).contains(few));
}

#[test]
fn names_are_never_tags() {
    let mut report = report();
    let name = "<script>alert(1)</script>";
    report.checks[3].name = name.into();
    report.checks[3].findings[0].message = name.into();
    report.checks[3].findings[0].help = format!("CREATE INDEX ON {name};");
    report.target = name.into();
    report.skipped[0].reason = name.into();
    report.settings.push((name.into(), name.into()));
    report.checks.push(Check {
        name: name.into(),
        ..report.checks[2].clone()
    });
    let page = check(&report);
    assert_eq!(count(&page, "<script>"), 1, "the page's own");
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
}

#[test]
fn the_footer_has_what_it_takes_to_repeat_it() {
    let page = check(&report());
    let footer = page.split("<footer>").nth(1).unwrap();
    for (name, value) in [
        ("target", "db.example.com"),
        ("PostgreSQL", "15.18"),
        ("seedrow", env!("CARGO_PKG_VERSION")),
        ("checked", "2026-05-01 09:30:00 UTC"),
        ("seed", "42"),
        ("samples", "20 a read"),
        ("tail", "the last 10% of the ids"),
    ] {
        let fact = format!("<dt>{name}</dt><dd>{value}</dd>");
        assert!(footer.contains(&fact), "{fact}\n{footer}");
    }
    assert!(
        footer.contains("<code>work_mem</code></dt><dd><code>4MB"),
        "{footer}"
    );
}
