//! What is worth counting once: the heights of findings and the different keys of a request.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::screens::findings;
use crate::ceremony::BundleView;
use crate::policy::Finding;

/// Entries kept; more jobs than that are counted again when they are shown again.
const KEPT: usize = 16;

/// A key of a request, and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct KeyUse {
    /// Index of the first bundle with it.
    pub(crate) bundle: usize,
    /// Its index there.
    pub(crate) key: usize,
    /// Number of the first bundle.
    pub(crate) first: usize,
    /// Number of the last bundle.
    pub(crate) last: usize,
    /// How many bundles have it.
    pub(crate) count: usize,
}

type Kept<T, P> = RefCell<Vec<(Arc<Vec<T>>, usize, Rc<Vec<P>>)>>;

/// The counts, each kept with what was counted, so that an address is never mistaken for an older one.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    keys: Kept<BundleView, KeyUse>,
    findings: Kept<Finding, usize>,
}

impl Cache {
    /// The different keys of the bundles, in order of appearance.
    pub(crate) fn keys(&self, bundles: &Arc<Vec<BundleView>>) -> Rc<Vec<KeyUse>> {
        recall(&self.keys, bundles, 0, count_keys)
    }

    /// The row at which each finding ends, at this width.
    pub(crate) fn findings(&self, all: &Arc<Vec<Finding>>, width: usize) -> Rc<Vec<usize>> {
        recall(&self.findings, all, width, |all| findings::ends(all, width))
    }
}

fn recall<T, P>(kept: &Kept<T, P>, all: &Arc<Vec<T>>, width: usize, count: impl Fn(&[T]) -> Vec<P>) -> Rc<Vec<P>> {
    let mut kept = kept.borrow_mut();
    if let Some((.., counted)) = kept.iter().find(|(same, at, _)| Arc::ptr_eq(same, all) && *at == width) {
        return Rc::clone(counted);
    }
    let counted = Rc::new(count(all));
    if kept.len() >= KEPT {
        kept.remove(0);
    }
    kept.push((Arc::clone(all), width, Rc::clone(&counted)));
    counted
}

fn count_keys(bundles: &[BundleView]) -> Vec<KeyUse> {
    let mut keys: Vec<KeyUse> = Vec::new();
    let mut known = BTreeMap::new();
    for (bundle, view) in bundles.iter().enumerate() {
        for (key, (_, fingerprint)) in view.keys.iter().enumerate() {
            let index = *known.entry(*fingerprint).or_insert(keys.len());
            match keys.get_mut(index) {
                Some(seen) => (seen.last, seen.count) = (view.number, seen.count + 1),
                None => keys.push(KeyUse { bundle, key, first: view.number, last: view.number, count: 1 }),
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture;

    #[test]
    fn counts_each_key_once_and_only_once() {
        let view = fixture::request();
        let bundles = &view.jobs[0].bundles;
        let cache = Cache::default();
        let keys = cache.keys(bundles);
        assert_eq!((keys.len(), keys[0].first, keys[0].last, keys[0].count), (3, 1, 1, 1));
        assert_eq!((keys[1].first, keys[1].last, keys[1].count), (1, 9, 9));
        assert!(Rc::ptr_eq(&keys, &cache.keys(bundles)));
    }
}
