"""An export's way to the Hugging Face hub: which files go, and what forbids it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trainables.errors import InputError, SweepFailed


@dataclass(frozen=True)
class Destination:
    """A repository of models on the hub."""

    repository: str  # owner/name
    public: bool
    dry_run: bool

    @classmethod
    def checked(cls, repository: str, public: bool, *, dry_run: bool) -> Destination:
        """Raises InputError: no such name can be, or nobody is logged in (a dry run needs nobody)."""
        from huggingface_hub import get_token
        from huggingface_hub.utils import HFValidationError, validate_repo_id

        try:
            validate_repo_id(repository)
        except HFValidationError as error:
            raise InputError(f"--push: {repository!r} is no name of a repository ({error}).") from None
        if repository.count("/") != 1:
            raise InputError(f"--push: write the owner too, as in my-name/{repository}.")
        if not dry_run and get_token() is None:
            raise InputError(
                "--push: nobody is logged in to the Hugging Face hub here. Run `hf auth login`, or set HF_TOKEN; "
                "--dry-run shows what would be uploaded without either."
            )
        return cls(repository, public, dry_run)

    def push(self, folder: Path) -> None:
        """Lists every file and, unless it is a dry run, uploads it. Raises SweepFailed: the hub did not take it."""
        whose = "public" if self.public else "private"
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        verb = "Would upload" if self.dry_run else "Uploads"
        total = sum(path.stat().st_size for path in files)
        print(f"{verb} {len(files)} files, {total / 1e6:.2f} MB, to {self.repository} ({whose}):")
        for path in files:
            print(f"  {path.stat().st_size:>13,} bytes  {path.relative_to(folder).as_posix()}")
        if self.dry_run:
            print("Nothing was uploaded. The same command without --dry-run uploads it (into an OUT of another name).")
            return
        from huggingface_hub import HfApi

        api = HfApi()
        try:
            api.create_repo(self.repository, private=not self.public, exist_ok=True)
            commit = api.upload_folder(repo_id=self.repository, folder_path=folder, commit_message="sweeps.export")
        except Exception as error:  # the hub's client has no error in common
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise SweepFailed(f"the hub did not take it ({reason}); the export is whole in {folder.name}") from error
        print(f"Uploaded: {commit.commit_url if hasattr(commit, 'commit_url') else self.repository}")
