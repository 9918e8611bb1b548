//! Listing keys: prefix, delimiter, where to go on. Knows keys in order, not objects.

use std::collections::BTreeMap;
use std::ops::Bound;

/// At most so many keys and common prefixes in one answer (S3 API, ListObjectsV2).
pub const KEYS_MAX: usize = 1_000;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys with the same text up to this one, behind the prefix, are told as one; empty for none.
    pub delimiter: String,
    /// Only keys, and common prefixes, behind this one.
    pub after: String,
    /// At most so many, up to [`KEYS_MAX`].
    pub max: usize,
}

/// One page of the answer.
#[derive(Debug, PartialEq, Eq)]
pub struct ListPage<'a, V> {
    /// Keys with their values, in order.
    pub keys: Vec<(&'a str, &'a V)>,
    /// Common prefixes, in order.
    pub prefixes: Vec<String>,
    /// The last key or common prefix told, if there are more: the next page is asked with it as `after`.
    pub next: Option<String>,
}

/// Lists a page. Its cost is that of the page, not of the keys a common prefix hides.
pub(crate) fn list<'a, V>(all: &'a BTreeMap<String, V>, query: &ListQuery) -> ListPage<'a, V> {
    let mut page = ListPage { keys: Vec::new(), prefixes: Vec::new(), next: None };
    let max = query.max.min(KEYS_MAX);
    if max == 0 {
        return page;
    }
    let mut from = if query.after < query.prefix {
        Bound::Included(query.prefix.clone())
    } else {
        Bound::Excluded(query.after.clone())
    };
    let mut last = String::new();
    // A page that goes on behind a common prefix must not tell it again.
    let tail = query.after.strip_prefix(query.prefix.as_str());
    if !query.delimiter.is_empty() && tail.is_some_and(|tail| tail.ends_with(&query.delimiter)) {
        from = behind(&query.after);
    }
    while let Some((key, value)) = all.range((from.clone(), Bound::Unbounded)).next() {
        let Some(tail) = key.strip_prefix(query.prefix.as_str()) else { break };
        if page.keys.len() + page.prefixes.len() == max {
            page.next = Some(last);
            break;
        }
        let cut = if query.delimiter.is_empty() { None } else { tail.find(&query.delimiter) };
        if let Some(cut) = cut {
            let common = &key[..query.prefix.len() + cut + query.delimiter.len()];
            page.prefixes.push(common.to_owned());
            last = common.to_owned();
            from = behind(common);
        } else {
            page.keys.push((key, value));
            last.clone_from(key);
            from = Bound::Excluded(key.clone());
        }
    }
    page
}

/// Behind every key that begins with `prefix`.
fn behind(prefix: &str) -> Bound<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            text.push(next);
            return Bound::Included(text);
        }
    }
    // No key is behind a prefix of nothing but the last character; none is at it either.
    Bound::Excluded(char::MAX.to_string().repeat(KEY_CHARS_MAX))
}

/// Longer than any key in characters (1,024 bytes; S3 User Guide, object key names).
const KEY_CHARS_MAX: usize = 1_025;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(texts: &[&str]) -> BTreeMap<String, ()> {
        texts.iter().map(|text| ((*text).to_owned(), ())).collect()
    }

    fn query(prefix: &str, delimiter: &str, after: &str, max: usize) -> ListQuery {
        ListQuery { prefix: prefix.into(), delimiter: delimiter.into(), after: after.into(), max }
    }

    fn told<V>(page: &ListPage<'_, V>) -> Vec<String> {
        page.keys.iter().map(|(key, _)| (*key).to_owned()).chain(page.prefixes.iter().cloned()).collect()
    }

    #[test]
    fn a_delimiter_folds_what_lies_behind_it() {
        let all = keys(&["a", "logs/1", "logs/2", "logs/x/3", "z"]);
        assert_eq!(told(&list(&all, &query("", "/", "", 10))), ["a", "z", "logs/"]);
        assert_eq!(told(&list(&all, &query("logs/", "/", "", 10))), ["logs/1", "logs/2", "logs/x/"]);
        assert_eq!(told(&list(&all, &query("logs/", "", "", 10))), ["logs/1", "logs/2", "logs/x/3"]);
        assert_eq!(told(&list(&all, &query("logs", "", "", 0))), Vec::<String>::new());
    }

    #[test]
    fn a_page_says_where_the_next_begins_and_the_last_says_nothing() {
        let all = keys(&["a", "b", "c"]);
        assert_eq!(list(&all, &query("", "", "", 2)).next.as_deref(), Some("b"));
        assert_eq!(list(&all, &query("", "", "b", 2)).next, None);
        assert_eq!(list(&all, &query("", "", "", 3)).next, None);
    }

    proptest! {
        #[test]
        fn pages_together_tell_what_one_large_page_tells(
            texts in prop::collection::btree_set("[ab/]{1,6}", 0..60), prefix in "[ab/]{0,2}", slash: bool, max in 1usize..5,
        ) {
            let all: BTreeMap<String, ()> = texts.into_iter().map(|text| (text, ())).collect();
            let delimiter = if slash { "/" } else { "" };
            let whole = list(&all, &query(&prefix, delimiter, "", 1_000));
            let (mut after, mut paged) = (String::new(), Vec::new());
            for _ in 0..200 {
                let page = list(&all, &query(&prefix, delimiter, &after, max));
                prop_assert!(page.keys.len() + page.prefixes.len() <= max);
                paged.extend(told(&page));
                let Some(next) = page.next else { break };
                after = next;
            }
            let mut expected = told(&whole);
            expected.sort();
            paged.sort();
            prop_assert_eq!(paged, expected);
        }
    }
}
