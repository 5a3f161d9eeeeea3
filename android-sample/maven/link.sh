#!/bin/sh
# What Android's Gradle plugin does between the sources and the compiler: merges the library's manifest into the app's, links
# all resources into resources.apk, and writes the R classes' sources to r/.
# Runs in the app's target folder. Arguments: android.jar, the workspace, the compose module's target folder.
set -eu
android_jar=$1
workspace=$2
compose=$3
app=$workspace/android-sample/app/src/main
library=$workspace/bindings/kotlin/android/src/main/AndroidManifest.xml

# Debian's aapt2 is older than <queries>, and Robolectric hides no app.
inside() { sed -n "/<$1>/,/<\/$1>/p" "$2" | sed '1d;$d'; }
{
    sed '/<\/application>/,$d' "$app/AndroidManifest.xml"
    inside application "$library"
    printf '    </application>\n'
    grep '<uses-permission' "$library"
    printf '</manifest>\n'
} | sed -e 's/\${applicationId}/com.example.portal/g' -e 's/\${pforteRedirectScheme}/com.example.portal/g' > AndroidManifest.xml

mkdir -p assets/policy r
cp -R "$workspace/core/gate/portal/." assets/policy
aapt2 compile --dir "$app/res" -o app-resources.zip
set -- --manifest AndroidManifest.xml -A assets -I "$android_jar" --min-sdk-version 28 --target-sdk-version 34 \
    --auto-add-overlay --extra-packages "$(paste -sd: "$compose/packages.txt")" --java r -o resources.apk
for zip in "$compose"/resources/*.zip; do set -- "$@" -R "$zip"; done
aapt2 link "$@" -R app-resources.zip
