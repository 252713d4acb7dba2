//! The texts of a Linux `proc` file system, read into numbers.
//!
//! `collect::process` reads the files and calls these. Every function takes whatever bytes there are and answers with
//! the numbers it recognised or with nothing: no input makes one panic. Nothing here opens a file.
//! The layouts are those of proc(5).

/// What `/proc/<pid>/stat` says of a process, in the kernel's own units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// User and system time, clock ticks.
    pub(super) cpu_ticks: u64,
    /// Threads of the process.
    pub(super) threads: u64,
    /// When it started, clock ticks after boot.
    pub(super) start_ticks: u64,
    /// Size of its address space, bytes.
    pub(super) virtual_bytes: u64,
    /// Pages it has in memory.
    pub(super) resident_pages: u64,
}

/// Reads `/proc/<pid>/stat`.
///
/// The command name is the process' own choice and may hold spaces, parentheses and bytes that are no text, so the
/// fields are counted from the last closing parenthesis: what follows it is numbers only.
pub(super) fn stat(bytes: &[u8]) -> Option<Stat> {
    let close = bytes.iter().rposition(|b| *b == b')')?;
    let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
    let mut fields = [0_u64; FIELDS];
    let mut texts = rest.split_ascii_whitespace();
    // The state, a letter, is the first field after the name.
    texts.next()?;
    for field in &mut fields {
        // Negative fields (a process group, a priority) are of no interest here and read as zero.
        *field = texts.next()?.parse().unwrap_or(0);
    }
    let [_, _, _, _, _, _, _, _, _, _, user, system, _, _, _, _, threads, _, start, virtual_bytes, resident] = fields;
    Some(Stat {
        cpu_ticks: user.saturating_add(system),
        threads,
        start_ticks: start,
        virtual_bytes,
        resident_pages: resident,
    })
}

/// How many fields after the state are read: `rss`, the last of use, is field 24 of proc_pid_stat(5), the state field
/// 3.
const FIELDS: usize = 21;

/// The soft limit called `name` in `/proc/<pid>/limits`; `unlimited` is the largest number, as `client_golang` has
/// it.
pub(super) fn soft_limit(bytes: &[u8], name: &str) -> Option<u64> {
    let rest = lines(bytes).find_map(|line| line.strip_prefix(name).filter(|rest| rest.starts_with(' ')))?;
    match rest.split_ascii_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// When the machine booted, Unix time in seconds, of `/proc/stat`.
pub(super) fn boot_time(bytes: &[u8]) -> Option<u64> {
    lines(bytes).find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// Bytes received and sent over IP, of `/proc/<pid>/net/netstat`: `InOctets` and `OutOctets` of the `IpExt` pair of
/// lines.
///
/// A pair is a line of names and a line of values with the same first word. Kernels add columns, so the names decide.
pub(super) fn ip_octets(bytes: &[u8]) -> (Option<u64>, Option<u64>) {
    let mut pair = lines(bytes).filter_map(|line| line.strip_prefix("IpExt:"));
    let (Some(names), Some(values)) = (pair.next(), pair.next()) else {
        return (None, None);
    };
    let column = |wanted: &str| {
        let mut columns = names.split_ascii_whitespace().zip(values.split_ascii_whitespace());
        columns.find(|(name, _)| *name == wanted)?.1.parse().ok()
    };
    (column("InOctets"), column("OutOctets"))
}

/// The lines that are text.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes.split(|b| *b == b'\n').filter_map(|line| std::str::from_utf8(line).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A line with a distinct number in every field, the name left to the caller.
    fn line(name: &[u8]) -> Vec<u8> {
        let mut line = b"77 (".to_vec();
        line.extend_from_slice(name);
        line.extend_from_slice(b") S 4 5 6 7 -1 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27\n");
        line
    }

    /// Field n of [`line`] holds n, so these are the field numbers of proc_pid_stat(5).
    const NUMBERED: Stat =
        Stat { cpu_ticks: 14 + 15, threads: 20, start_ticks: 22, virtual_bytes: 23, resident_pages: 24 };

    #[test]
    fn the_fields_are_those_of_the_manual() {
        assert_eq!(stat(&line(b"sh")), Some(NUMBERED));
    }

    #[test]
    fn a_name_may_look_like_the_end_of_a_name() {
        for name in [&b") R 1 2 3"[..], b"a) (b", b"((", b"))", b"", b"\xff\xfe", b"two words", b"a\nb"] {
            assert_eq!(stat(&line(name)), Some(NUMBERED), "{:?}", String::from_utf8_lossy(name));
        }
    }

    #[test]
    fn a_line_cut_short_is_nothing() {
        let whole = line(b"sh");
        let last_field_read = whole.windows(3).position(|w| w == b" 24").unwrap_or_default();
        for end in 0..=last_field_read {
            assert_eq!(stat(&whole[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn a_soft_limit_is_the_first_column() {
        let text = b"Limit                     Soft Limit           Hard Limit           Units     \n\
            Max open files            20000                1048576              files     \n\
            Max address space         unlimited            unlimited            bytes     \n";
        assert_eq!(soft_limit(text, "Max open files"), Some(20_000));
        assert_eq!(soft_limit(text, "Max address space"), Some(u64::MAX));
        assert_eq!(soft_limit(text, "Max open"), None, "the column must hold a number");
        assert_eq!(soft_limit(text, "Max cpu time"), None);
    }

    #[test]
    fn columns_of_netstat_are_found_by_name() {
        let text = b"TcpExt: InOctets OutOctets\nTcpExt: 1 2\nIpExt: New OutOctets InOctets\nIpExt: 9 30 20\n";
        assert_eq!(ip_octets(text), (Some(20), Some(30)));
        assert_eq!(ip_octets(b"IpExt: InOctets OutOctets\nIpExt: 5\n"), (Some(5), None));
        assert_eq!(ip_octets(b"IpExt: InOctets\n"), (None, None));
    }

    #[test]
    fn the_boot_time_is_a_line_of_its_own() {
        assert_eq!(boot_time(b"cpu 1 2\nintr 5\nbtime 1795160889\nprocesses 3\n"), Some(1_795_160_889));
        assert_eq!(boot_time(b"xbtime 5\nbtime soon\n"), None);
    }

    proptest! {
        #[test]
        fn any_name_leaves_the_fields_alone(name in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(stat(&line(&name)), Some(NUMBERED));
        }

        #[test]
        fn odd_texts_are_answered_not_obeyed(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = (stat(&bytes), soft_limit(&bytes, "Max open files"), boot_time(&bytes), ip_octets(&bytes));
        }

        #[test]
        fn nearly_right_texts_are_answered_too(
            head in "(77 \\(a\\) S|IpExt:|Max open files|btime )",
            fields in proptest::collection::vec("(-?[0-9]{0,24}|[a-zA-Z]{1,9}|unlimited|\n|IpExt:|\\))", 0..48),
        ) {
            let text = format!("{head} {}", fields.join(" "));
            let bytes = text.as_bytes();
            let _ = (stat(bytes), soft_limit(bytes, "Max open files"), boot_time(bytes), ip_octets(bytes));
        }
    }
}
