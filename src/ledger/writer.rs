//! Writing a ledger on a thread of its own: all lines that wait for the disk at once share one sync, and only who asked for it waits.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;

use super::Line;

/// What the disk says of a line that somebody waits for.
type Synced = Result<(), (io::ErrorKind, String)>;

/// A line, and who waits until it survives the machine.
struct Job {
    text: Vec<u8>,
    told: Option<oneshot::Sender<Synced>>,
}

/// Writes one ledger. The file is locked while it is there: nobody sweeps a run that is going on.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Sender<Job>,
    thread: JoinHandle<File>,
}

impl Writer {
    /// Makes the file, with the directories above it, and begins it with `first`.
    pub(super) fn start(path: &Path, first: &Line) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        // Held until the process ends, however it ends.
        file.lock()?;
        file.write_all(&text(first)?)?;
        file.sync_data()?;
        sync_directories(path)?;
        let (jobs, received) = mpsc::channel();
        let thread = thread::Builder::new().name("ledger".to_owned()).spawn(move || keep(file, &received))?;
        Ok(Self { jobs, thread })
    }

    /// Writes a line, and does not wait.
    pub(super) fn write(&self, line: &Line) {
        // The thread ends with this; and a line that is nobody's to wait for may be lost.
        let _ = text(line).map(|text| self.jobs.send(Job { text, told: None }));
    }

    /// Writes a line; what comes back is over when the line survives the machine.
    pub(super) fn synced(&self, line: &Line) -> impl Future<Output = io::Result<()>> + use<> {
        let (told, synced) = oneshot::channel();
        let sent = text(line).map(|text| self.jobs.send(Job { text, told: Some(told) }));
        async move {
            sent?.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            let synced = synced.await.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            synced.map_err(|(kind, text)| io::Error::new(kind, text))
        }
    }

    /// Writes what is left, and gives the file, which is locked until it is dropped.
    pub(super) fn finish(self) -> Option<File> {
        drop(self.jobs);
        self.thread.join().ok()
    }
}

fn text(line: &Line) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}

fn keep(mut file: File, jobs: &Receiver<Job>) -> File {
    // After half a line nothing more is written: the next line would be read as the rest of it.
    let mut state: Synced = Ok(());
    while let Ok(first) = jobs.recv() {
        let (mut text, mut waiting) = (Vec::new(), Vec::new());
        for job in std::iter::once(first).chain(jobs.try_iter()) {
            text.extend(job.text);
            waiting.extend(job.told);
        }
        if state.is_ok() {
            let written =
                file.write_all(&text).and_then(|()| if waiting.is_empty() { Ok(()) } else { file.sync_data() });
            state = written.map_err(|error| (error.kind(), error.to_string()));
        }
        for told in waiting {
            // Who asked may be gone: the run was stopped meanwhile.
            let _ = told.send(state.clone());
        }
    }
    file
}

/// Of a new file, its entry in the directory must survive too, and so must the directories that were made for it.
#[cfg(unix)]
fn sync_directories(path: &Path) -> io::Result<()> {
    let absolute = std::path::absolute(path)?;
    let mut directories = absolute.ancestors().skip(1);
    directories.next().map_or(Ok(()), |directory| File::open(directory)?.sync_all())?;
    // Those above were there before, as a rule, and may be somebody else's, who does not let us open them.
    directories.take(2).for_each(|directory| drop(File::open(directory).and_then(|directory| directory.sync_all())));
    Ok(())
}

#[cfg(not(unix))]
fn sync_directories(_: &Path) -> io::Result<()> {
    Ok(())
}
