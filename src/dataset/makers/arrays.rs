//! Arrays of what another maker makes.

use anyhow::{Result, bail};

use crate::dataset::document::Section;
use crate::dataset::makers::values::lengths;
use crate::dataset::makers::{KindOf, Maker, MakerScope, MakerSpec, Needed, RowFacts, named};
use crate::dataset::spec::Kind;
use crate::dataset::tables::Siblings;

/// Elements in braces, each with random numbers of its own.
#[derive(Debug)]
pub struct Array {
    /// What the elements are.
    pub element: Box<Maker>,
    /// The fewest.
    pub min: u32,
    /// The most.
    pub max: u32,
}

/// Reads `make = "array"`.
pub fn array(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let of = section.need("of")?;
    let (inner, make) = match of.is_text() {
        true => (of.without_keys(of.what()), of.clone()),
        false => {
            let inner = of.section(of.what())?;
            let make = inner.need("make")?.called(of.what());
            (inner, make)
        }
    };
    let element = named(&make)?(&inner, scope)?;
    inner.ensure_known_keys()?;
    if matches!(element, Maker::Array(_)) {
        bail!(of.error(
            "arrays of arrays are not made; an array of a domain's values is one of its base type's"
        ));
    }
    let (min, max) = lengths(section, (1, 3), 0, 1000)?;
    let element = Box::new(element);
    Ok(Maker::Array(Array { element, min, max }))
}

impl MakerSpec for Array {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Literal)
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        self.element.spec().needs(each);
    }

    fn row_facts(&self) -> RowFacts {
        self.element.spec().row_facts()
    }

    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        self.element.spec().ensure_fits(siblings)
    }
}
