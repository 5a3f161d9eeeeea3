#!/bin/sh
# Unpacks what Maven copied into libraries/: classes into classes/, and each library's resources, compiled, into resources/.
# Writes packages.txt: the packages whose R class the app has to generate. Runs in the module's target folder.
set -eu

mkdir -p classes resources unpacked
: > packages.txt

for jar in libraries/*.jar; do
    unzip -qo "$jar" -d classes -x 'META-INF/MANIFEST.MF' 'module-info.class' 'META-INF/versions/*'
done

for library in libraries/*.aar; do
    name=$(basename "$library" .aar)
    folder="unpacked/$name"
    unzip -qo "$library" -d "$folder"
    if [ -f "$folder/classes.jar" ]; then
        # An empty jar is a warning of unzip's.
        unzip -qo "$folder/classes.jar" -d classes -x 'META-INF/MANIFEST.MF' || [ $? -eq 1 ]
    fi
    if [ -s "$folder/R.txt" ]; then
        sed -n 's/.*package="\([^"]*\)".*/\1/p' "$folder/AndroidManifest.xml" >> packages.txt
    fi
    if [ -d "$folder/res" ] && [ -n "$(ls "$folder/res")" ]; then
        aapt2 compile --dir "$folder/res" -o "resources/$name.zip"
    fi
done
sort -u packages.txt -o packages.txt
