//! The engine's locks: std's or loom's, each held within a [`Section`], so that no child inherits one that a thread holds
//! which it does not have.

use super::fork::Section;
#[cfg(loom)]
use loom::sync as raw;
use std::ops::{Deref, DerefMut};
#[cfg(not(loom))]
use std::sync as raw;
use std::sync::{LockResult, PoisonError, TryLockError};

/// A lock that is held. The section ends after it is let go, since fields are dropped in their order.
pub(crate) struct Guard<G> {
    guard: G,
    _inside: Section,
}

impl<G> Guard<G> {
    fn of(result: LockResult<G>, inside: Section) -> LockResult<Guard<G>> {
        match result {
            Ok(guard) => Ok(Guard { guard, _inside: inside }),
            Err(panicked) => Err(PoisonError::new(Guard { guard: panicked.into_inner(), _inside: inside })),
        }
    }
}

impl<G: Deref> Deref for Guard<G> {
    type Target = G::Target;

    #[inline]
    fn deref(&self) -> &G::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for Guard<G> {
    #[inline]
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.guard
    }
}

pub(crate) type MutexGuard<'a, T> = Guard<raw::MutexGuard<'a, T>>;
pub(crate) type ReadGuard<'a, T> = Guard<raw::RwLockReadGuard<'a, T>>;
pub(crate) type WriteGuard<'a, T> = Guard<raw::RwLockWriteGuard<'a, T>>;

#[derive(Default)]
pub(crate) struct Mutex<T>(raw::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex(raw::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let inside = Section::enter();
        Guard::of(self.0.lock(), inside)
    }

    /// The lock if nobody has it and nobody forks. Waits for nothing.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let inside = Section::try_enter()?;
        let guard = match self.0.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(panicked)) => panicked.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Guard { guard, _inside: inside })
    }
}

#[derive(Default)]
pub(crate) struct RwLock<T>(raw::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> RwLock<T> {
        RwLock(raw::RwLock::new(value))
    }

    pub(crate) fn read(&self) -> LockResult<ReadGuard<'_, T>> {
        let inside = Section::enter();
        Guard::of(self.0.read(), inside)
    }

    pub(crate) fn write(&self) -> LockResult<WriteGuard<'_, T>> {
        let inside = Section::enter();
        Guard::of(self.0.write(), inside)
    }
}
