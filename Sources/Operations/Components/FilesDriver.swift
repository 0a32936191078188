import BackupRepository
import FileTree
import StackConfiguration

enum FilesDriver: ComponentDriver {
    static func source(_ options: FilesOptions, _ session: Session) -> any ComponentSource {
        FileTreeSource(data: options.data, exclusions: options.exclude)
    }

    static func home(_ options: FilesOptions) -> String? { options.data }
}
