//! Columns with a profile: which of their maker's values each row has.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use crate::dataset::distribution::Weights;
use crate::dataset::draw::Chance;
use crate::dataset::makers::Maker;
use crate::dataset::profile::draw::{Dependence, Domain, Layout, ProfileDraw};
use crate::dataset::profile::{ColumnProfile, Distinct, Given};
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
    profile.null = Some(column.null.probability());
    if compiler.index(place)?.is_some() {
        // Values never repeat, but may be in order.
        (profile.shares, profile.distinct) = (Vec::new(), Some(Distinct::PerRow(1.0)));
        (profile.null, profile.given) = (None, None);
    }
    let key = compiler.key_of(place.0, place.1, "profile").row(0).bits();
    let draw = ProfileDraw::new(&profile, &domain, compiler.plan.rows(place.0), key);
    Ok(Some(match &profile.given {
        Some(given) => draw.following(dependence(given, path, compiler)?),
        None => draw,
    }))
}

/// How the values of the last of some columns follow from a sibling's.
fn dependence(
    given: &Given,
    path: &[(usize, usize)],
    compiler: &mut Compiler,
) -> Result<Dependence> {
    let (table, column) = path[path.len() - 1];
    let spec = &compiler.dataset.tables[table];
    let (name, sibling) = (compiler.name((table, column)), &given.column);
    let of = spec.columns.iter().position(|it| it.name == *sibling);
    let of = (
        table,
        of.with_context(|| format!("{name}: no column `{sibling}`"))?,
    );
    if path.contains(&of) {
        bail!(
            "{name}: `given` names `{sibling}`, which follows from it in turn; take one of the two away"
        );
    }
    let make = makers::compile(&spec.columns[of.1].maker, of, compiler)?;
    let path = [path, &[of]].concat();
    let drawn = draw(&make, &path, compiler)?.with_context(|| {
        format!(
            "{name}: `given` needs statistics of `{sibling}`, such as `distinct`, by which its values are drawn; give it \
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
