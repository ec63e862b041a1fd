//! Texts that nothing of the dataset's own goes into.

use crate::dataset::makers::texts::Fake;
use crate::generate::compiled::CompiledMaker;
use crate::generate::context::Compiler;
use crate::generate::pool::Pool;

/// Compiles `make = "fake"`.
pub fn fake(fake: &Fake, place: (usize, usize), compiler: &Compiler) -> CompiledMaker {
    let seed = compiler.key(place.0, place.1).row(0).bits();
    let values = fake.faker.values(seed, fake.pool);
    CompiledMaker::Words(Pool::new(compiler.escaping, values), None)
}
