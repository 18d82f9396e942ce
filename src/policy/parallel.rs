//! Verifying on several threads, with results in the order of the input.

/// `work` on every item with its index, on at most `threads` threads; the results in the order of the items.
pub(super) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.clamp(1, items.len().max(1));
    if threads == 1 {
        return items.iter().enumerate().map(|(index, item)| work(index, item)).collect();
    }
    let size = items.len().div_ceil(threads);
    let work = &work;
    std::thread::scope(|scope| {
        let workers: Vec<_> = items
            .chunks(size)
            .enumerate()
            .map(|(chunk, items)| {
                scope.spawn(move || {
                    let numbered = items.iter().enumerate();
                    numbered.map(|(index, item)| work(chunk * size + index, item)).collect::<Vec<R>>()
                })
            })
            .collect();
        let results = workers.into_iter().map(|worker| match worker.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        results.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order_on_any_number_of_threads() {
        let items: Vec<usize> = (0..1001).collect();
        let expected: Vec<(usize, usize)> = items.iter().map(|item| (*item, item * 2)).collect();
        for threads in [0, 1, 2, 3, 8, 5000] {
            assert_eq!(in_parallel(&items, threads, |index, item| (index, item * 2)), expected);
        }
        assert!(in_parallel(&[0_u8; 0], 4, |_, item| *item).is_empty());
    }
}
