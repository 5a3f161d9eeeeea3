import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import kotlin.sequences.SequencesKt;
import kotlinx.validation.api.KotlinSignaturesLoadingKt;

/**
 * Prints what Kotlin callers can see of the classes in a folder, with the dumper that JetBrains' binary-compatibility-validator has.
 *
 * Arguments: the folder; a pattern for the classes' files (`com/pforte/Entry.class`) that are wanted, from the
 * beginning of the name; one for those that are not.
 * Run from source by `java`, so that it needs no build of its own.
 */
final class ApiDump {
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        Pattern wanted = Pattern.compile(arguments[1]);
        Pattern unwanted = Pattern.compile(arguments[2]);
        List<InputStream> classes = new ArrayList<>();
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(file -> file.toString().endsWith(".class")).sorted().toList()) {
                String name = folder.relativize(file).toString().replace('\\', '/');
                if (!wanted.matcher(name).lookingAt() || unwanted.matcher(name).lookingAt()) continue;
                classes.add(new ByteArrayInputStream(Files.readAllBytes(file)));
            }
        }
        var all = KotlinSignaturesLoadingKt.loadApiFromJvmClasses(SequencesKt.asSequence(classes.iterator()), name -> true);
        var visible = KotlinSignaturesLoadingKt.filterOutNonPublic(all, Set.of(), Set.of());
        System.out.print(KotlinSignaturesLoadingKt.dump(visible, new StringBuilder()));
    }
}
