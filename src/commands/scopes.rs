//! Options gathered by what they apply to: all files, those of a table, or a column.

use anyhow::{Result, ensure};

use crate::load::source::scope::{Scope, Scoped};

/// The options of each scope; see [`Scoped`].
#[derive(Debug, Default)]
pub struct Scopes<T> {
    /// One for each scope that was typed.
    pub found: Vec<Scoped<T>>,
}

impl<T: Default> Scopes<T> {
    /// The options of a scope.
    pub fn at(&mut self, scope: &Option<Scope>) -> &mut T {
        let known = self.found.iter().position(|it| it.scope == *scope);
        let index = known.unwrap_or_else(|| {
            self.found.push(Scoped {
                scope: scope.clone(),
                value: T::default(),
            });
            self.found.len() - 1
        });
        &mut self.found[index].value
    }

    /// Sets an option in the scopes that it was typed for; refuses one that is given twice for the same.
    pub fn set<V: Clone>(
        &mut self,
        option: &str,
        typed: &[Scoped<V>],
        field: impl Fn(&mut T) -> &mut Option<V>,
    ) -> Result<()> {
        for Scoped { scope, value } in typed {
            let known = field(self.at(scope)).replace(value.clone());
            let of = scope
                .as_ref()
                .map_or("all files".to_owned(), ToString::to_string);
            ensure!(known.is_none(), "{option} is given twice for {of}");
        }
        Ok(())
    }
}
