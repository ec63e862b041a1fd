//! Columns with a profile: which of their maker's values each row has.

use std::sync::Arc;

use anyhow::Result;

use crate::dataset::distribution::Weights;
use crate::dataset::makers::Maker;
use crate::dataset::profile::draw::{Domain, Layout, ProfileDraw};
use crate::dataset::profile::{ColumnProfile, Distinct};
use crate::dataset::unique::index::Index;
use crate::generate::compiled::CompiledMaker;
use crate::generate::context::Compiler;

/// The index of each row's value, where the column's profile decides it.
pub fn index(
    make: &mut CompiledMaker,
    place: (usize, usize),
    compiler: &mut Compiler,
) -> Result<Option<Index>> {
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
        profile.null = None;
    }
    let key = compiler.key_of(place.0, place.1, "profile").row(0).bits();
    let draw = ProfileDraw::new(&profile, &domain, compiler.plan.rows(place.0), key);
    if let CompiledMaker::Text(maker, _) = make {
        maker.prepare(draw.values());
    }
    Ok(Some(Index::Profile(Arc::new(draw))))
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
