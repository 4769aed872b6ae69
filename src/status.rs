//! What the status of an answer says of whoever gave it: the target itself, or something that stands before it. The only place where that is
//! decided. What follows from it, whoever asks decides: a run, a replay, a report.

/// Who speaks by a status that nobody expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The target's own logic, which can be held to something.
    Target,
    /// The target, which broke over the request: 500, and 501 for what it never learnt.
    Broken,
    /// Whoever counts requests: 429.
    Limit,
    /// What stands before the target (a proxy, a gateway, a load balancer), or a connection that was not fit for the request.
    Between,
}

impl Speaker {
    pub(crate) fn of(status: u16) -> Self {
        match status {
            // A proxy wants a login; a connection was idle for too long, leads to another host, or was resumed too early; a gateway.
            407 | 408 | 421 | 425 | 502.. => Self::Between,
            429 => Self::Limit,
            500 | 501 => Self::Broken,
            0..=406 | 409..=420 | 422..=424 | 426..=428 | 430..=499 => Self::Target,
        }
    }

    /// Whether somebody else than the target has answered. A 500 is the target's, though nothing can be held to it.
    pub(crate) fn is_infrastructure(self) -> bool {
        match self {
            Self::Limit | Self::Between => true,
            Self::Target | Self::Broken => false,
        }
    }

    /// Whether the answer says anything about what the target is held to.
    pub(crate) fn is_target(self) -> bool {
        self == Self::Target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_no_target_is_named() {
        let all = |speaker| (0..=999).filter(move |status| Speaker::of(*status) == speaker);
        assert_eq!(all(Speaker::Broken).collect::<Vec<_>>(), [500, 501]);
        assert_eq!(all(Speaker::Limit).collect::<Vec<_>>(), [429]);
        assert_eq!(all(Speaker::Between).take_while(|status| *status < 500).collect::<Vec<_>>(), [407, 408, 421, 425]);
        assert!((502..=999).all(|status| Speaker::of(status) == Speaker::Between));
    }
}
