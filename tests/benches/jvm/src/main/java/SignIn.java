import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Date;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Reads `NAME TIMES` and answers with the nanoseconds that took. */
public final class SignIn {
    private static final long WARM_UP_NS = 5_000_000_000L;

    private final Map<String, Object> task;
    private final JWKSet keys;
    private final ECKey device;
    private final ECDSASigner signer;
    private final SecureRandom random = new SecureRandom();

    private SignIn(String task) throws Exception {
        this.task = JSONObjectUtils.parse(task);
        keys = JWKSet.parse(JSONObjectUtils.getJSONObject(this.task, "jwks"));
        device = new ECKeyGenerator(Curve.P_256).generate();
        signer = new ECDSASigner(device);
    }

    private DefaultJWTProcessor<SecurityContext> processor(String algorithm) throws Exception {
        var processor = new DefaultJWTProcessor<SecurityContext>();
        processor.setJWSKeySelector(
            new JWSVerificationKeySelector<>(JWSAlgorithm.parse(algorithm), new ImmutableJWKSet<>(keys)));
        var exact = new JWTClaimsSet.Builder().issuer(text("issuer")).claim("nonce", text("nonce")).build();
        processor.setJWTClaimsSetVerifier(
            new DefaultJWTClaimsVerifier<>(text("client"), exact, Set.of("sub", "iat", "exp")));
        return processor;
    }

    private String proof() throws Exception {
        var jti = new byte[32];
        random.nextBytes(jti);
        var hash = MessageDigest.getInstance("SHA-256").digest(text("accessToken").getBytes(StandardCharsets.US_ASCII));
        var header = new JWSHeader.Builder(JWSAlgorithm.ES256)
            .type(new JOSEObjectType("dpop+jwt"))
            .jwk(device.toPublicJWK())
            .build();
        var claims = new JWTClaimsSet.Builder()
            .jwtID(Base64URL.encode(jti).toString())
            .claim("htm", "GET")
            .claim("htu", text("api"))
            .issueTime(new Date())
            .claim("nonce", "a-nonce-of-the-server")
            .claim("ath", Base64URL.encode(hash).toString())
            .build();
        var proof = new SignedJWT(header, claims);
        proof.sign(signer);
        return proof.serialize();
    }

    private String text(String name) throws Exception {
        return JSONObjectUtils.getString(task, name);
    }

    /** The JVM's compiler gets to know the work before anything is measured. */
    private void warmUp(String name) throws Exception {
        for (long end = System.nanoTime() + WARM_UP_NS; System.nanoTime() < end; ) {
            took(name, 100);
        }
    }

    private long took(String name, long times) throws Exception {
        var token = name.equals("DPoP") ? null : text(name);
        var processor = token == null ? null : processor(name);
        var started = System.nanoTime();
        for (long n = 0; n < times; n++) {
            if (token == null) {
                proof();
            } else if (!processor.process(token, null).getSubject().equals("alice")) {
                throw new IllegalStateException("another person's");
            }
        }
        return System.nanoTime() - started;
    }

    public static void main(String[] arguments) throws Exception {
        var signIn = new SignIn(arguments[0]);
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        var warm = new HashSet<String>();
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            var words = line.split(" ");
            if (warm.add(words[0])) {
                signIn.warmUp(words[0]);
            }
            System.out.println("took " + signIn.took(words[0], Long.parseLong(words[1])));
        }
    }
}
