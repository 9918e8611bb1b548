//! Tables and their items, by account and region. Speaks no protocol and judges nobody.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use crate::base::{AccountId, RegionName};

/// An item: attributes with their types, as DynamoDB's JSON writes them.
pub type Item = Map<String, Value>;

/// At most so many items in one table, and tables in one world: this is no database.
const ITEMS_MAX: usize = 1_000_000;
const TABLES_MAX: usize = 10_000;

/// Why the tables refuse.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// No such table.
    #[error("requested resource not found")]
    NotFound,
    /// The table is there already.
    #[error("the table exists")]
    Exists,
    /// The item or key lacks the table's key attribute.
    #[error("the key attribute is missing")]
    NoKey,
    /// More than this world keeps.
    #[error("more than is kept")]
    Limit,
}

#[derive(Clone, Debug)]
struct Table {
    key: String,
    items: BTreeMap<String, Item>,
}

type Place = (AccountId, RegionName);

/// All tables of a world. Shared by the front ends of all regions.
#[derive(Debug, Default)]
pub struct Tables {
    tables: Mutex<BTreeMap<Place, BTreeMap<String, Table>>>,
}

impl Tables {
    /// No tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a table with the attribute that is its key.
    pub fn create(&self, account: &AccountId, region: &RegionName, name: &str, key: &str) -> Result<(), TableError> {
        let mut tables = self.lock();
        let here = tables.entry((account.clone(), region.clone())).or_default();
        if here.contains_key(name) {
            return Err(TableError::Exists);
        }
        if TABLES_MAX <= here.len() {
            return Err(TableError::Limit);
        }
        here.insert(name.to_owned(), Table { key: key.to_owned(), items: BTreeMap::new() });
        Ok(())
    }

    /// Removes a table.
    pub fn delete(&self, account: &AccountId, region: &RegionName, name: &str) -> Result<(), TableError> {
        let mut tables = self.lock();
        let here = tables.get_mut(&(account.clone(), region.clone())).ok_or(TableError::NotFound)?;
        here.remove(name).map(|_| ()).ok_or(TableError::NotFound)
    }

    /// The names of the tables, in order.
    pub fn names(&self, account: &AccountId, region: &RegionName) -> Vec<String> {
        let tables = self.lock();
        let here = tables.get(&(account.clone(), region.clone()));
        here.map(|here| here.keys().cloned().collect()).unwrap_or_default()
    }

    /// The key attribute and the number of items of a table.
    pub fn describe(&self, at: (&AccountId, &RegionName), name: &str) -> Result<(String, usize), TableError> {
        self.with(at, name, |table| Ok((table.key.clone(), table.items.len())))
    }

    /// Puts an item in the place of what was there, which is returned.
    pub fn put(&self, at: (&AccountId, &RegionName), name: &str, item: Item) -> Result<Option<Item>, TableError> {
        self.with(at, name, |table| {
            let key = key_of(table, &item)?;
            if ITEMS_MAX <= table.items.len() && !table.items.contains_key(&key) {
                return Err(TableError::Limit);
            }
            Ok(table.items.insert(key, item))
        })
    }

    /// The item of a key.
    pub fn get(&self, at: (&AccountId, &RegionName), name: &str, key: &Item) -> Result<Option<Item>, TableError> {
        self.with(at, name, |table| Ok(table.items.get(&key_of(table, key)?).cloned()))
    }

    /// Removes the item of a key and returns it.
    pub fn remove(&self, at: (&AccountId, &RegionName), name: &str, key: &Item) -> Result<Option<Item>, TableError> {
        self.with(at, name, |table| Ok(table.items.remove(&key_of(table, key)?)))
    }

    /// The first items of a table, in order of their keys.
    pub fn scan(&self, at: (&AccountId, &RegionName), name: &str, max: usize) -> Result<Vec<Item>, TableError> {
        self.with(at, name, |table| Ok(table.items.values().take(max).cloned().collect()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Place, BTreeMap<String, Table>>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        (account, region): (&AccountId, &RegionName),
        name: &str,
        work: impl FnOnce(&mut Table) -> Result<T, TableError>,
    ) -> Result<T, TableError> {
        let mut tables = self.lock();
        let here = tables.get_mut(&(account.clone(), region.clone())).ok_or(TableError::NotFound)?;
        work(here.get_mut(name).ok_or(TableError::NotFound)?)
    }
}

/// The key of an item as a text that differs for different values and types.
fn key_of(table: &Table, item: &Item) -> Result<String, TableError> {
    item.get(&table.key).map(Value::to_string).ok_or(TableError::NoKey)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(value: Value) -> Item {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn items_are_found_by_their_key_and_tables_by_their_place() {
        let account = AccountId::parse("123456789012").expect("an account");
        let region = |name: &str| RegionName::parse(name).expect(name);
        let (west, east) = (region("us-west-2"), region("us-east-1"));
        let tables = Tables::new();
        tables.create(&account, &west, "stock", "id").expect("a new table");
        assert_eq!(tables.create(&account, &west, "stock", "id"), Err(TableError::Exists));
        let apple = item(json!({"id": {"S": "apple"}, "count": {"N": "3"}}));
        assert_eq!(tables.put((&account, &west), "stock", apple.clone()), Ok(None));
        let key = item(json!({"id": {"S": "apple"}}));
        assert_eq!(tables.get((&account, &west), "stock", &key), Ok(Some(apple.clone())));
        assert_eq!(tables.get((&account, &east), "stock", &key), Err(TableError::NotFound));
        assert_eq!(tables.get((&account, &west), "stock", &item(json!({}))), Err(TableError::NoKey));
        assert_eq!(tables.remove((&account, &west), "stock", &key), Ok(Some(apple)));
        assert_eq!(tables.get((&account, &west), "stock", &key), Ok(None));
        assert_eq!(tables.delete(&account, &west, "stock"), Ok(()));
        assert_eq!(tables.delete(&account, &west, "stock"), Err(TableError::NotFound));
    }
}
