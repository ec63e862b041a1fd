//! Texts that nothing of the dataset's own goes into.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::dataset::makers::texts::Fake;
use crate::generate::compiled::CompiledMaker;
use crate::generate::context::Compiler;
use crate::generate::pool::Pool;

/// Compiles `make = "fake"`; values that are too long are left out.
pub fn fake(fake: &Fake, place: (usize, usize), compiler: &mut Compiler) -> Result<CompiledMaker> {
    let limits = compiler.dataset.tables[place.0].columns[place.1].text;
    let seed = compiler.key(place.0, place.1).row(0).bits();
    let most = limits.max_length.map_or(usize::MAX, |it| it as usize);
    let values = fake.faker.values(seed, fake.pool);
    let values = values.filter(|it| limits.max_length.is_none() || it.chars().count() <= most);
    let values = values.map(|it| limits.case.map_or(it.clone(), |case| case.of(&it)));
    let pool = match compiler.is_drawn(place)? {
        true => Pool::new(compiler.escaping, in_order(values)),
        false => Pool::new(compiler.escaping, values),
    };
    if pool.len() == 0 {
        bail!(
            "{}: none of {} values of faker `{}` has at most {most} characters; raise `max-length` or `pool`",
            compiler.name(place),
            fake.pool,
            fake.faker.name
        );
    }
    Ok(CompiledMaker::Words(pool, None))
}

/// Each text once, in their order whatever their case.
fn in_order(texts: impl Iterator<Item = String>) -> Vec<String> {
    let texts: BTreeMap<String, String> = texts.map(|it| (it.to_lowercase(), it)).collect();
    texts.into_values().collect()
}
