//! The channel's folder: `root/1.json`, `root/2.json`, ..., `NAME.json` and `bundles/`; files change whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use dunlin_channel::{Channel, ChannelError, Document, Moment, Root, Trust, is_name};

use super::keys::Signers;
use super::{after_days, now_us};
use crate::error::{CliError, Kind};

/// A channel as it lies in its folder, followed from its first root as a device does.
pub(crate) struct Folder {
    dir: PathBuf,
    trust: Trust,
    channel: Channel,
    served: Vec<u8>,
    /// Why devices do not take the channel under the newest root, where they do not: it waits to be signed again.
    pub(crate) unsigned: Option<ChannelError>,
    /// Keeps other changes out until this one is done.
    _lock: Option<File>,
}

impl Folder {
    /// Reads a channel, to look at it.
    pub(crate) fn open(dir: &Path) -> Result<Self, CliError> {
        Self::read(dir, None)
    }

    /// Reads a channel, to change it: waits until nobody else does.
    pub(crate) fn open_to_change(dir: &Path) -> Result<Self, CliError> {
        // Before the lock's file is made in a folder that has nothing to do with a channel.
        name_in(dir)?;
        let lock = lock(dir)?;
        let folder = Self::read(dir, Some(lock))?;
        let (now, told) = (now_us(), folder.trust.latest_issued_us());
        if now < told {
            let message = format!(
                "this machine's clock says {}, and the channel was signed on {}; correct the clock",
                Moment(now),
                Moment(told)
            );
            return Err(CliError::new(Kind::Failed, "clock", message));
        }
        Ok(folder)
    }

    fn read(dir: &Path, lock: Option<File>) -> Result<Self, CliError> {
        let name = name_in(dir)?;
        let path = dir.join(format!("{name}.json"));
        let served = fs::read(&path).map_err(|error| CliError::file(&path, &error))?;
        let mut followed = follow(dir, &root_path(dir, 1), &name)?;
        let taken = followed.iter_mut().map(|trust| trust.accept_channel(&served, 0)).collect::<Vec<_>>();
        let unsigned = taken.last().and_then(|taken| taken.as_ref().err().cloned());
        // Signed well under an older root: a change of the root waits for the channel to be signed again.
        let Some(channel) = taken.into_iter().rev().find_map(Result::ok) else {
            let refused = unsigned.map_or_else(|| no_channel(dir), CliError::from);
            return Err(refused.of(&path));
        };
        let trust = followed.pop().ok_or_else(|| no_channel(dir))?;
        Ok(Self { dir: dir.to_owned(), trust, channel, served, unsigned, _lock: lock })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// What a device believes that is up to date.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Signs the next version of the channel, good for as long as the last was or for so many days.
    pub(crate) fn sign_channel(
        &self,
        signers: &Signers,
        days: Option<u32>,
        channel: Channel,
    ) -> Result<SignedChannel, CliError> {
        sign_channel(&self.trust, signers, &self.channel, days, channel)
    }

    /// Writes a channel that was signed.
    pub(crate) fn write_channel(&mut self, signed: SignedChannel) -> Result<(), CliError> {
        replace(&self.dir.join(format!("{}.json", signed.channel.name)), &signed.served)?;
        (self.served, self.trust, self.channel, self.unsigned) = (signed.served, signed.trust, signed.channel, None);
        Ok(())
    }

    /// Signs the next root and writes it; where devices would not take the channel under it any more, the channel too.
    /// Tells whether it was signed again.
    pub(crate) fn change_root(&mut self, signers: &Signers, mut next: Root) -> Result<bool, CliError> {
        let old = self.trust.root();
        let lifetime = next.expires_us.saturating_sub(old.issued_us);
        next.version = old.version.saturating_add(1);
        next.issued_us = now_us();
        next.expires_us = next.issued_us.saturating_add(lifetime);
        let envelope = signers.sign(Document::Root, next.to_payload(), &[old, &next])?;
        let mut trust = self.trust.clone();
        trust.accept_root(envelope.to_json().as_bytes())?;
        let signed_again = match trust.clone().accept_channel(&self.served, 0) {
            Ok(_) => None,
            Err(_) => Some(sign_channel(&trust, signers, &self.channel, None, self.channel.clone())?),
        };
        replace(&root_path(&self.dir, next.version), envelope.to_json().as_bytes())?;
        self.trust = trust;
        let is_signed_again = signed_again.is_some();
        if let Some(signed) = signed_again {
            self.write_channel(signed)?;
        }
        Ok(is_signed_again)
    }
}

/// A channel that devices would take, not yet written.
pub(crate) struct SignedChannel {
    served: Vec<u8>,
    trust: Trust,
    channel: Channel,
}

/// Follows the roots in a folder, from one that is believed to the last: what is believed after each in turn.
pub(crate) fn follow(dir: &Path, first: &Path, name: &str) -> Result<Vec<Trust>, CliError> {
    let bytes = fs::read(first).map_err(|error| CliError::file(first, &error))?;
    let mut trust = Trust::shipped(&bytes, name).map_err(|error| CliError::from(error).of(first))?;
    let mut chain = vec![trust.clone()];
    loop {
        let path = root_path(dir, trust.root().version.saturating_add(1));
        match fs::read(&path) {
            Ok(bytes) => trust.accept_root(&bytes).map_err(|error| CliError::from(error).of(&path))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(chain),
            Err(error) => return Err(CliError::file(&path, &error)),
        }
        chain.push(trust.clone());
    }
}

fn sign_channel(
    trust: &Trust,
    signers: &Signers,
    last: &Channel,
    days: Option<u32>,
    mut channel: Channel,
) -> Result<SignedChannel, CliError> {
    let now = now_us();
    channel.version = last.version.checked_add(1).ok_or_else(|| {
        CliError::new(Kind::Failed, "no_version", "the channel has the highest version that there is; rotate its keys")
    })?;
    channel.issued_us = now;
    let lifetime = last.expires_us.saturating_sub(last.issued_us);
    channel.expires_us = days.map_or_else(|| now.saturating_add(lifetime), |days| after_days(now, days));
    let served = signers.sign(Document::Channel, channel.to_payload(), &[trust.root()])?.to_json().into_bytes();
    let mut trust = trust.clone();
    trust.accept_channel(&served, now)?;
    Ok(SignedChannel { served, trust, channel })
}

pub(crate) fn root_path(dir: &Path, version: u64) -> PathBuf {
    dir.join("root").join(format!("{version}.json"))
}

/// The name of the one channel in a folder.
pub(crate) fn name_in(dir: &Path) -> Result<String, CliError> {
    let entries = fs::read_dir(dir).map_err(|error| CliError::file(dir, &error))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .filter(|name| is_name(name))
        .collect();
    match (names.pop(), names.pop()) {
        (Some(name), None) => Ok(name),
        (Some(one), Some(other)) => {
            let message = format!("{} holds {one}.json and {other}.json; keep one channel a folder", dir.display());
            Err(CliError::new(Kind::Failed, "two_channels", message))
        }
        _ => Err(no_channel(dir)),
    }
}

/// What is said of a folder without a channel.
pub(crate) fn no_channel(dir: &Path) -> CliError {
    let message = format!("{} holds no channel; make one with dunlin channel init", dir.display());
    CliError::new(Kind::Failed, "no_channel", message)
}

/// Keeps other changes of a folder out for as long as the file is open.
pub(crate) fn lock(dir: &Path) -> Result<File, CliError> {
    let path = dir.join(".lock");
    let locked = File::options().create(true).append(true).open(&path).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| CliError::file(&path, &error))
}

/// Writes a file so that a reader sees the old or the new one and a power cut leaves one of them.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    durably(path, bytes).map_err(|error| CliError::file(path, &error))
}

fn durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut unfinished = tempfile::Builder::new();
    unfinished.prefix(".dunlin-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The web server that hands them out is somebody else.
        unfinished.permissions(fs::Permissions::from_mode(0o644));
    }
    let mut unfinished = unfinished.tempfile_in(folder)?;
    unfinished.write_all(bytes)?;
    unfinished.as_file().sync_all()?;
    unfinished.persist(path)?;
    // Where a folder cannot be opened (Windows), the rename is as durable as it gets.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
