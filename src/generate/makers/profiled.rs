//! Columns with a profile: which of their maker's values each row has.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use crate::dataset::distribution::Weights;
use crate::dataset::draw::Chance;
use crate::dataset::makers::Maker;
use crate::dataset::profile::draw::{Dependence, Domain, Layout, ProfileDraw};
use crate::dataset::profile::together::{Pair, Together};
use crate::dataset::profile::{ColumnProfile, Distinct, Given, Joint};
use crate::dataset::spec::TableSpec;
use crate::dataset::unique::index::Index;
use crate::generate::compiled::CompiledMaker;
use crate::generate::context::Compiler;
use crate::generate::makers;

/// The index of each row's value, where the column's profile decides it.
pub fn index(
    make: &mut CompiledMaker,
    place: (usize, usize),
    compiler: &mut Compiler,
) -> Result<Option<Index>> {
    let Some(draw) = draw(make, &[place], compiler)? else {
        return Ok(None);
    };
    if let CompiledMaker::Text(maker, _) = make {
        maker.prepare(draw.values());
    }
    Ok(Some(Index::Profile(Arc::new(draw))))
}

/// The draws of the last of some columns, each of which the one before follows from.
fn draw(
    make: &CompiledMaker,
    path: &[(usize, usize)],
    compiler: &mut Compiler,
) -> Result<Option<ProfileDraw>> {
    let place = path[path.len() - 1];
    let column = &compiler.dataset.tables[place.0].columns[place.1];
    let (true, Some(profile)) = (compiler.is_drawn(place)?, &column.profile) else {
        return Ok(None);
    };
    let Some(domain) = domain(make, &column.maker) else {
        return Ok(None);
    };
    let mut profile = ColumnProfile::clone(profile);
    let mut nulls = compiler.nulls(place)?;
    if compiler.index(place)?.is_some() {
        // Values never repeat, but may be in order.
        (profile.shares, profile.distinct) = (Vec::new(), Some(Distinct::PerRow(1.0)));
        (nulls, profile.given) = (None, None);
    }
    let rows = compiler.plan.rows(place.0);
    let profile = profile.of_filled(rows, nulls.as_ref().map_or(rows, |it| it.filled));
    let key = compiler.key_of(place.0, place.1, "profile").row(0).bits();
    let draw = ProfileDraw::new(&profile, &domain, nulls, rows, key);
    if let Some(given) = &profile.given {
        return Ok(Some(draw.following(dependence(given, path, compiler)?)));
    }
    let name = &compiler.dataset.tables[place.0].columns[place.1].name;
    let mut joint = compiler.dataset.tables[place.0].joint.iter();
    Ok(Some(
        match joint.find(|it| it.columns[1..].contains(name)) {
            Some(joint) => {
                let together = together(joint, &draw, path, compiler)?;
                draw.with(together)
            }
            None => draw,
        },
    ))
}

/// How the values of the last of some columns come up together with those of the first of a set.
fn together(
    joint: &Joint,
    draw: &ProfileDraw,
    path: &[(usize, usize)],
    compiler: &mut Compiler,
) -> Result<Together> {
    let (table, column) = path[path.len() - 1];
    let spec = &compiler.dataset.tables[table];
    let name = compiler.name((table, column));
    let first = &joint.columns[0];
    let of = column_named(spec, first, &name)?;
    let own = joint
        .columns
        .iter()
        .position(|it| *it == spec.columns[column].name);
    let own = own.with_context(|| format!("{name}: not in `joint`"))?;
    let leader = sibling(of, path, compiler)?.with_context(|| {
        format!("{name}: `joint` needs `shares` of `{first}`; give it some, or take `joint` away")
    })?;
    let rows = compiler.plan.rows(table) as f64 / leader.places() as f64;
    let mut pairs: Vec<Pair> = Vec::new();
    for (values, share) in joint.values.iter().zip(&joint.shares) {
        let Some(first_value) = values[0] else {
            continue;
        };
        let known = |draw: &ProfileDraw, place: usize, of: &str| {
            draw.common(place).with_context(|| {
                format!("{name}: `joint` names place {place} among the `shares` of `{of}`, which has fewer; they count from 0")
            })
        };
        let follower = match values[own] {
            Some(place) => Some(known(draw, place, &joint.columns[own])?),
            None => None,
        };
        pairs.push((known(&leader, first_value, first)?, follower, share * rows));
    }
    // All that follow have the same rows of a combination.
    let key = compiler.key_of(table, of, "joint").row(0).bits();
    Ok(Together::new(leader.leader(), &pairs, key))
}

/// The column that the profile of another one, the asker, names.
fn column_named(table: &TableSpec, name: &str, asker: &str) -> Result<usize> {
    let place = table.columns.iter().position(|it| it.name == name);
    place.with_context(|| format!("{asker}: no column `{name}`"))
}

/// The draws of a sibling of the last of some columns, which isn't one of these.
fn sibling(
    column: usize,
    path: &[(usize, usize)],
    compiler: &mut Compiler,
) -> Result<Option<ProfileDraw>> {
    let of = (path[path.len() - 1].0, column);
    if path.contains(&of) {
        bail!(
            "{}: `given` or `joint` names `{}`, which follows from it in turn; take one of the two away",
            compiler.name(path[path.len() - 1]),
            compiler.dataset.tables[of.0].columns[of.1].name
        );
    }
    let make = makers::compile(
        &compiler.dataset.tables[of.0].columns[of.1].maker,
        of,
        compiler,
    )?;
    draw(&make, &[path, &[of]].concat(), compiler)
}

/// How the values of the last of some columns follow from a sibling's.
fn dependence(
    given: &Given,
    path: &[(usize, usize)],
    compiler: &mut Compiler,
) -> Result<Dependence> {
    let (table, column) = path[path.len() - 1];
    let spec = &compiler.dataset.tables[table];
    let (name, of_name) = (compiler.name((table, column)), &given.column);
    let of = column_named(spec, of_name, &name)?;
    let drawn = sibling(of, path, compiler)?.with_context(|| {
        format!(
            "{name}: `given` needs statistics of `{of_name}`, such as `distinct`, by which its values are drawn; give it \
             some, or take `given` away"
        )
    })?;
    Ok(Dependence {
        sibling: Arc::new(drawn),
        degree: Chance::new(given.degree),
        key: compiler.key_of(table, column, "given"),
    })
}

/// The values that a maker has an index for.
fn domain(make: &CompiledMaker, maker: &Maker) -> Option<Domain> {
    let (size, layout) = match make {
        _ if matches!(maker, Maker::Ranked(_)) => (maker.spec().domain(), Layout::Open),
        CompiledMaker::Range(range) if range.is_shaped() => {
            (range.domain(), Layout::Shaped(range.clone()))
        }
        CompiledMaker::Range(range) => (range.domain(), Layout::Even),
        CompiledMaker::Number(values, weights) => (values.len() as u128, weighted(Some(weights))),
        CompiledMaker::Words(pool, weights) => (pool.len() as u128, weighted(weights.as_ref())),
        CompiledMaker::Chance(chance) => {
            let chance = chance.probability();
            (2, Layout::Weighted(vec![1.0 - chance, chance]))
        }
        CompiledMaker::Hex(_) | CompiledMaker::Computed(_) => (maker.spec().domain(), Layout::Even),
        CompiledMaker::Text(..) => (maker.spec().domain(), Layout::Unordered),
        _ => return None,
    };
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    (size > 0).then_some(Domain { size, layout })
}

fn weighted(weights: Option<&Weights>) -> Layout {
    match weights.filter(|it| !it.are_even()) {
        Some(weights) => Layout::Weighted(weights.shares()),
        None => Layout::Even,
    }
}
