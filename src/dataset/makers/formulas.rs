//! Numbers that are computed from others: sums and products of a row's, and the total of the rows that refer to one.

use anyhow::{Result, bail};

use crate::dataset::document::{Section, did_you_mean};
use crate::dataset::formula::{self, Amount, Formula};
use crate::dataset::makers::references::{Pick, Reference, column_of, ensure_known_by_number};
use crate::dataset::makers::{KindOf, Maker, MakerScope, MakerSpec, Needed};
use crate::dataset::ranges;
use crate::dataset::spec::Kind;
use crate::dataset::spread::SpreadShape;
use crate::dataset::tables::Siblings;

/// A sum or product of numbers of the row, in which NULL counts as 0.
#[derive(Debug)]
pub struct Computed {
    /// What is computed.
    pub formula: Formula,
    /// How many decimals it is rounded to.
    pub scale: u8,
}

/// Reads `make = "formula"`.
pub fn formula(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let of = section.need("of")?;
    let position = |name: &str| {
        let mut columns = scope.columns.iter();
        columns.position(|known| known == name).ok_or_else(|| {
            let advice = did_you_mean(name, scope.columns.iter().map(String::as_str));
            format!("no column of this table is called `{name}`; {advice}")
        })
    };
    let formula = Formula::parse(of.text()?, &position).map_err(|it| of.error(it))?;
    let scale = ranges::scale(section, 2, 18)?;
    Ok(Maker::Computed(Computed { formula, scale }))
}

impl Computed {
    /// The least and the greatest number, in units of its last decimal.
    pub fn bounds_in(&self, siblings: &Siblings) -> (i64, i64) {
        let (least, greatest) = self.ends(siblings);
        let number = |it: Amount| {
            let units = it.rounded(self.scale.into());
            let ends = (i128::from(i64::MIN), i128::from(i64::MAX));
            i64::try_from(units.clamp(ends.0, ends.1)).unwrap_or(i64::MAX)
        };
        (number(least), number(greatest))
    }

    fn ends(&self, siblings: &Siblings) -> (Amount, Amount) {
        self.formula.bounds(&|column| {
            let (low, high) = siblings.bounds(column).unwrap_or((0, 0));
            let amount = |number| Amount::of(siblings.kind(column), number);
            match siblings.may_be_null(column) {
                true => (amount(low.min(0)), amount(high.max(0))),
                false => (amount(low), amount(high)),
            }
        })
    }
}

impl MakerSpec for Computed {
    fn kind(&self) -> KindOf {
        KindOf::Is(match self.scale {
            0 => Kind::Integer,
            scale => Kind::Decimal(scale),
        })
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        let columns = self.formula.columns().into_iter();
        columns.for_each(|column| each(Needed::Sibling(column)));
    }

    fn takes_null(&self, _: usize) -> bool {
        true
    }

    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        for column in self.formula.columns() {
            if formula::decimals(siblings.kind(column)).is_none() {
                let name = siblings.name(column);
                return Err(format!("`formula` needs numbers, and `{name}` is none"));
            }
        }
        let decimals = |column| formula::decimals(siblings.kind(column)).unwrap_or(0);
        self.formula.ensure_exact(&decimals)?;
        let (least, greatest) = self.ends(siblings);
        let is_number = |it: Amount| i64::try_from(it.rounded(self.scale.into())).is_ok();
        match is_number(least) && is_number(greatest) {
            true => Ok(()),
            false => Err(format!(
                "its value may have more than 18 digits with `scale = {}`; lower that, or the columns' `max`",
                self.scale
            )),
        }
    }
}

/// The total of a column over the rows of another table that refer to a row, in which NULL counts as 0.
#[derive(Debug)]
pub struct Total {
    /// The other table.
    pub table: usize,
    /// Its column that refers to this table.
    pub by: usize,
    /// The column that is added up.
    pub column: usize,
}

/// More rows than refer to any row, for bounds.
const MOST_ROWS: i64 = 100_000;

/// Reads `make = "total"`.
pub fn total(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let of = section.need("of")?;
    let name = of.text()?;
    let (table_name, column_name) = name.rsplit_once('.').unwrap_or((name, ""));
    let known = || scope.outline.iter().map(|it| it.name.as_str());
    let Some(table) = known().position(|it| it == table_name) else {
        let advice = did_you_mean(table_name, known());
        bail!(of.error(format!(
            "`{name}` names no column of another table, as \"order_items.amount\" does; {advice}"
        )));
    };
    let outline = &scope.outline[table];
    let columns = || outline.columns.iter().map(|it| it.name.as_str());
    let Some(column) = columns().position(|it| it == column_name) else {
        let advice = did_you_mean(column_name, columns());
        bail!(of.error(format!(
            "`{table_name}` has no column `{column_name}`; {advice}"
        )));
    };
    let by = column_of(&section.need("by")?, outline)?;
    Ok(Maker::Total(Total { table, by, column }))
}

impl Total {
    /// How the rows that are added up are spread over those of this table.
    pub fn spread<'a>(&self, maker: &'a Maker, own_table: usize) -> Option<&'a SpreadShape> {
        match maker {
            Maker::Reference(Reference {
                table,
                pick: Pick::Spread(shape),
                ..
            }) if *table == own_table => Some(shape),
            _ => None,
        }
    }

    fn of(&self) -> Needed {
        let Total { table, column, .. } = *self;
        Needed::Foreign { table, column }
    }
}

impl MakerSpec for Total {
    fn kind(&self) -> KindOf {
        KindOf::Like(self.of())
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        each(self.of());
    }

    fn tables(&self) -> Vec<usize> {
        vec![self.table]
    }

    fn bounds(&self, of: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        let (low, high) = of(self.of())?;
        let most = |number: i64| number.saturating_mul(MOST_ROWS);
        Some((most(low).min(0), most(high).max(0)))
    }

    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        let others = siblings.of(self.table);
        let (table, by) = (others.table_name(), others.name(self.by));
        if formula::decimals(others.kind(self.column)).is_none() {
            let name = others.name(self.column);
            return Err(format!(
                "`total` needs numbers, and `{table}.{name}` is none"
            ));
        }
        ensure_known_by_number(&others, self.column)?;
        let spread = self.spread(others.maker(self.by), siblings.position());
        match spread {
            Some(_) if !others.may_be_null(self.by) => Ok(()),
            _ => Err(format!(
                "`total` needs a reference to this table that is never NULL; give `{table}.{by}` spread = \"even\" or \"skewed\""
            )),
        }
    }
}
